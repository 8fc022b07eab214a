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
                .withCheckpointOnClose(true)
                .withUpkeep(UpkeepConfig.DEFAULTS.withRetainCount(4)))
        .isEqualTo(
            new TierConfig(
                1,
                1 << 20,
                true,
                ReadBackConfig.DEFAULTS.withCacheBytes(3),
                SpaceConfig.NONE,
                UpkeepConfig.DEFAULTS.withRetainCount(4)));
    assertThat(
            UpkeepConfig.DEFAULTS
                .withIntervalMs(1)
                .withRetainCount(2)
                .withRetainMs(3)
                .withCompactBelowPercent(4))
        .isEqualTo(new UpkeepConfig(1, 2, 3, 4));
  }

  @Test
  void shouldRefuseUpkeepOutOfRange() {
    assertThatThrownBy(() -> UpkeepConfig.DEFAULTS.withIntervalMs(-1))
        .hasMessageContaining("intervalMs");
    assertThatThrownBy(() -> UpkeepConfig.DEFAULTS.withRetainCount(-1))
        .hasMessageContaining("retainCount");
    assertThatThrownBy(() -> UpkeepConfig.DEFAULTS.withRetainMs(Long.MAX_VALUE))
        .hasMessageContaining("retainMs");
    assertThatThrownBy(() -> UpkeepConfig.DEFAULTS.withCompactBelowPercent(101))
        .hasMessageContaining("compactBelowPercent");
  }
}
