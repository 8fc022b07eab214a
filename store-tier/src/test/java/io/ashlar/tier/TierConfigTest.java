package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TierConfigTest {
  @Test
  void shouldNameTheSettingItsValueAndItsRule() {
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withBatchBytesTarget(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batchBytesTarget must be 65536 to 67108864: 1");
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withIntervalMs(-1))
        .hasMessageContaining("intervalMs");
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withReadCacheBytes(-1))
        .hasMessageContaining("cacheBytes");
  }

  @Test
  void shouldChangeOneSettingAtATime() {
    assertThat(
            TierConfig.DEFAULTS
                .withIntervalMs(1)
                .withBatchBytesTarget(1 << 20)
                .withReadCacheBytes(3)
                .withCheckpointOnClose(true))
        .isEqualTo(
            new TierConfig(
                1, 1 << 20, true, ReadBackConfig.DEFAULTS.withCacheBytes(3), SpaceConfig.NONE));
  }
}
