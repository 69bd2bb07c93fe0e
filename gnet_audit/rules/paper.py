"""GA0: the paper against itself."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA001",
        title="printed parameters",
        severity=Severity.WARNING,
        fails="no convention (K = 1000 or 1024, rounded or cut off, with or without biases) prints the count that the "
        "row's own channels give as the printed text.",
        why="No way of counting and rounding gives the printed parameters of a row from its own printed channels.",
        causes="A count of an earlier design, or a misprint: GoogLeNet's conv1 prints 2.7K where a 7×7 with 3 and 64 "
        "channels has 9,408 weights.",
        cure="Hold a model against the derived count of this row, not against the printed one.",
        sure="Both sides are printed and the rest is arithmetic; only a way of counting that is not among those tried "
        "could reconcile them, and the explanation offered is a hypothesis.",
    ),
    Rule(
        id="GA002",
        title="printed operations",
        severity=Severity.WARNING,
        fails="no convention (rounded or cut off, with or without the additions of biases; K = 1000 or 1024 where the "
        "text has a K) prints the multiply-accumulates that the row's own channels give as the printed text.",
        why="No way of counting and rounding gives the printed operations of a row from its own printed channels.",
        causes="A count of an earlier design, or a misprint: GoogLeNet's conv1 prints 34M where a 7×7 convolution to "
        "112×112×64 takes 118,013,952.",
        cure="Hold a model against the derived count of this row, not against the printed one.",
        sure="Both sides are printed and the rest is arithmetic; only a way of counting that is not among those tried "
        "could reconcile them, and the explanation offered is a hypothesis.",
    ),
    Rule(
        id="GA003",
        title="a row against itself",
        severity=Severity.WARNING,
        fails="the weights that the printed operations take at the row's number of positions lie outside what the "
        "printed parameters admit, under every convention; held only against rows that print both and whose layers "
        "have maps of one size.",
        why="Each weight of a row works once at each position of its map: the printed operations need another number "
        "of weights than is printed.",
        causes="The two cells were computed for different channels: GoogLeNet's 4c prints 463K parameters, and 100M "
        "operations, which at 14×14 positions take about 510,000 weights.",
        cure="Trust neither of the two cells; use the derived counts.",
        sure="Both cells are printed, and the division does not depend on the channels; which of the two is wrong it "
        "does not say.",
    ),
    Rule(
        id="GA004",
        title="mixed conventions",
        severity=Severity.NOTE,
        fails="no single convention fits all cells of a column, those left out that no convention fits.",
        why="The cells of one column were not all counted and rounded in the same way.",
        causes="Cells rounded by hand at different times: GoogLeNet's 4a prints 73M for 73,608,192, which is cut off, "
        "while its other cells are rounded.",
        cure="Nothing has to change; a row's own convention is named beside it.",
        sure="Arithmetic on printed cells, but a weak sign: with few digits several conventions fit a cell by chance.",
    ),
    Rule(
        id="GA005",
        title="a total against its rows",
        severity=Severity.WARNING,
        fails="neither the weights alone nor the counts with biases, summed over the rows' channels, would be printed "
        "as the total that the paper states.",
        why="The total that the paper states is not the sum of what its rows' channels give.",
        causes="A total added up from the printed column, wrong cells included: 1.5 billion is the sum of GoogLeNet's "
        "printed operations, and its channels give 1,582,671,872 multiply-adds.",
        cure="Compare models row by row; an equal total proves nothing.",
        sure="The total is stated and the sum is arithmetic; the text of a round total admits half a unit of its last "
        "digit to either side.",
    ),
    Rule(
        id="GA006",
        title="printed output size",
        severity=Severity.ERROR,
        fails="the output size derived from a row's layers and the rows before it is not the one printed for it; a "
        "vector counts as a map of one position.",
        why="The layers of the row do not give the output size printed for it.",
        causes="A slip in the spec: stride 1 for 2, sizes rounded down where the pool rounds up, one channel cell "
        "mistyped. GoogLeNet's table has no such row.",
        cure="Look for a slip of the spec first: a stride, a padding, a channel.",
        sure="The size is printed and the arithmetic exact; paddings and rounding that the spec infers could be at "
        "fault, not the paper.",
    ),
    Rule(
        id="GA007",
        title="printed depth",
        severity=Severity.ERROR,
        fails="the most convolutions and linear layers on one branch of the row is not the number in its depth column.",
        why="The row has another number of consecutive layers with weights than printed.",
        causes="A slip in the spec: the 1×1 reduction before the second convolution left out, so that its row has "
        "depth 1 where the table prints 2.",
        cure="Look for a slip of the spec first: a layer left out, or one too many.",
        sure="The number is printed; that it counts consecutive layers with weights is our reading, which every row "
        "of GoogLeNet's table bears out.",
    ),
)
