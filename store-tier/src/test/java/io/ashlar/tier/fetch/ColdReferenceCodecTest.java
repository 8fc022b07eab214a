package io.ashlar.tier.fetch;

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
    assertThat(ColdReferenceCodec.key(reference))
        .isEqualTo("batches/0000000003/0000000258-0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");
  }

  @Test
  void shouldHoldTheGreatestNumbersAndRefuseGreaterOnes() {
    TierKeys.BatchName greatest = new TierKeys.BatchName(0xFFFF_FFFFL, 0xFFFF_FFFFL, ID);
    assertThat(ColdReferenceCodec.decode(ColdReferenceCodec.encode(greatest))).isEqualTo(greatest);
    assertThatThrownBy(() -> ColdReferenceCodec.encode(new TierKeys.BatchName(1L << 32, 0, ID)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ColdReferenceCodec.encode(new TierKeys.BatchName(1, 1L << 32, ID)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldRefuseWhatItDidNotMake() {
    assertThatThrownBy(() -> ColdReferenceCodec.key(new ColdReference(0, 0, 0)))
        .isInstanceOf(CorruptionException.class);
    assertThatThrownBy(() ->
            ColdReferenceCodec.key(
                new ColdReference(1L << 32, ID.getMostSignificantBits() ^ 0x1000, 0)))
        .isInstanceOf(CorruptionException.class);
  }
}
