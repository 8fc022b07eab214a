package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.checkpoint.TierKeys;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ColdReferenceCodecTest {
  private static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

  @Test
  void shouldKeepItsBytes() {
    ColdReference reference = ColdReferenceCodec.encode(new TierKeys.BatchName(3, 258, ID));
    assertThat(reference)
        .isEqualTo(
            new ColdReference(0x0000000300000102L, 0x0192f3a17c4e7b6aL, 0x9d213f5c8e1a4b70L));
    assertThat(ColdReferenceCodec.decode(reference).key())
        .isEqualTo("batches/0000000003/0000000258-0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");
  }

  @Test
  void shouldHoldTheGreatestNumbersAndRefuseGreaterOnes() {
    TierKeys.BatchName greatest = new TierKeys.BatchName(0xFFFF_FFFFL, 0xFFFF_FFFFL, ID);
    assertThat(ColdReferenceCodec.decode(ColdReferenceCodec.encode(greatest)))
        .isEqualTo(new ColdPlace(greatest, 0, 0));
    assertThatThrownBy(() -> ColdReferenceCodec.encode(new TierKeys.BatchName(1L << 32, 0, ID)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ColdReferenceCodec.encode(new TierKeys.BatchName(1, 1L << 32, ID)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldKeepItsBytesWhenItRefersToFrames() {
    TierKeys.BatchName name = TierKeys.BatchName.derived(3, 258, ID.getMostSignificantBits());
    ColdReference reference = ColdReferenceCodec.encode(name, 64, 20_000);
    assertThat(reference)
        .isEqualTo(
            new ColdReference(0x0000000300000102L, 0x0192f3a17c4e7b6aL, 0x4000002000004e20L));
    assertThat(ColdReferenceCodec.decode(reference)).isEqualTo(new ColdPlace(name, 64, 20_000));
    assertThat(ColdReferenceCodec.decode(reference).key())
        .isEqualTo("batches/0000000003/0000000258-" + name.id());
  }

  @Test
  void shouldHoldTheGreatestOffsetAndLengthAndRefuseGreaterOnes() {
    TierKeys.BatchName name =
        TierKeys.BatchName.derived(
            ColdReferenceCodec.NUMBER_MAX,
            ColdReferenceCodec.NUMBER_MAX,
            ID.getMostSignificantBits());
    long offset = ColdReferenceCodec.OFFSET_MAX;
    long length = ColdReferenceCodec.LENGTH_MAX;
    assertThat(ColdReferenceCodec.decode(ColdReferenceCodec.encode(name, offset, length)))
        .isEqualTo(new ColdPlace(name, offset, length));
    assertThat(ColdReferenceCodec.endOf(ColdReferenceCodec.encode(name, offset, length)))
        .isEqualTo(offset + length);
    assertThat(ColdReferenceCodec.endOf(ColdReferenceCodec.encode(name))).isZero();
    for (long[] bad :
        new long[][] {{offset + 1, 1}, {1, length + 1}, {0, 1}, {1, 0}, {-1, 1}, {1, -1}}) {
      assertThatThrownBy(() -> ColdReferenceCodec.encode(name, bad[0], bad[1]))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldRefuseWhatItDidNotMake() {
    long upper = ID.getMostSignificantBits();
    long generation = 1L << 32;
    long range = 0x4000002000004e20L;
    assertThat(ColdReferenceCodec.decode(new ColdReference(generation, upper, range)).offset())
        .isEqualTo(64);
    for (ColdReference foreign :
        new ColdReference[] {
          new ColdReference(0, 0, 0),
          new ColdReference(0, upper, range),
          new ColdReference(generation, upper ^ 0x1000, range),
          new ColdReference(generation, upper ^ 0x1000, ID.getLeastSignificantBits()),
          new ColdReference(generation, upper, range | 1L << 61),
          new ColdReference(generation, upper, range | 3L << 62),
          new ColdReference(generation, upper, range & ~(3L << 62)),
          new ColdReference(generation, upper, range & ~0x7FFF_FFFFL),
          new ColdReference(generation, upper, 0x4000000000004e20L)
        }) {
      assertThatThrownBy(() -> ColdReferenceCodec.decode(foreign))
          .as("%s", foreign)
          .isInstanceOf(CorruptionException.class);
    }
  }
}
