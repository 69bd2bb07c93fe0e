"""What makers publish of their devices."""

from __future__ import annotations

from gnet_audit.measurement import peak


def test_the_peak_of_a_known_card_is_the_published_one() -> None:
    card = peak("NVIDIA H100 80GB HBM3", "bf16")
    assert card is not None
    assert (card.of, card.value) == ("bf16", 989.4e12)
    assert card.source
    memory = peak("NVIDIA A100-SXM4-40GB", "bandwidth")
    assert memory is not None
    assert memory.value == 1.555e12


def test_what_is_not_known_for_certain_has_no_peak() -> None:
    assert peak("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "bf16") is None
    assert peak("NVIDIA H100 PCIe", "bf16") is None
    assert peak("NVIDIA H100 80GB HBM3", "fp8") is None
