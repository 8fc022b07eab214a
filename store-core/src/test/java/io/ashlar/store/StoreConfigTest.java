package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreConfigTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 12, 50})
  void shouldTakeAFreeShareWithinItsRange(int percent) {
    StoreConfig config = StoreConfig.DEFAULTS.withFreeSharePercentMax(percent);
    assertThat(config.freeSharePercentMax()).isEqualTo(percent);
    assertThat(config.withFreeSharePercentMax(12)).isEqualTo(StoreConfig.DEFAULTS);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 51, 100})
  void shouldRefuseAFreeShareOutsideItsRange(int percent) {
    assertThatThrownBy(() -> StoreConfig.DEFAULTS.withFreeSharePercentMax(percent))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("freeSharePercentMax must be 1 to 50: " + percent);
  }

  @Test
  void shouldLeaveEveryOtherSettingAloneWhenOneIsChanged() {
    StoreConfig changed =
        StoreConfig.DEFAULTS
            .withPoolBytes(5 << 20)
            .withCoalesceWindowNs(7)
            .withGroupEpochsMax(3)
            .withGroupBytesMax(1 << 20)
            .withQueueCapacity(8)
            .withBackPressureTimeoutMs(9)
            .withHeldBytesMax(19 << 20)
            .withLockTimeoutMs(10)
            .withInitialFileBytes(11 << 20)
            .withGrowthBytesMin(12 << 20)
            .withFreeSharePercentMax(13)
            .withLogExtentBytesMax(14 << 20)
            .withCheckpointLogBytesMin(15 << 20)
            .withQuietMarkMs(16)
            .withSnapshotEntriesMax(17)
            .withCacheBytes(18 << 20)
            .withEngine(StoreConfig.Engine.PREAD_PWRITE)
            .withAllowBuffered(true);
    assertThat(changed)
        .isEqualTo(
            new StoreConfig(
                5 << 20,
                7,
                3,
                1 << 20,
                8,
                9,
                19 << 20,
                10,
                11 << 20,
                12 << 20,
                13,
                14 << 20,
                15 << 20,
                16,
                17,
                18 << 20,
                StoreConfig.Engine.PREAD_PWRITE,
                true));
  }
}
