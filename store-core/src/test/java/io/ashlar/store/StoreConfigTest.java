package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.agrona.concurrent.NoOpIdleStrategy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreConfigTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 12, 50})
  void shouldTakeAFreeShareWithinItsRange(int percent) {
    StoreConfig config = StoreConfig.DEFAULTS.withFreeSharePercentMax(percent);
    assertThat(config.freeSharePercentMax()).isEqualTo(percent);
    assertThat(config.withFreeSharePercentMax(12).toString())
        .isEqualTo(StoreConfig.DEFAULTS.toString());
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
            .withBackgroundBytesPerSecondMax(20 << 20)
            .withBackgroundProcessorSharePercentMax(21)
            .withQuietMarkMs(16)
            .withSnapshotEntriesMax(17)
            .withCacheBytes(18 << 20)
            .withEngine(StoreConfig.Engine.PREAD_PWRITE)
            .withThreadingMode(StoreConfig.ThreadingMode.INVOKER)
            .withIdleStrategy(() -> NoOpIdleStrategy.INSTANCE)
            .withAllowBuffered(true);
    assertThat(changed.toString().replaceAll("idleStrategy=[^,]+", "idleStrategy=given"))
        .isEqualTo(
            "StoreConfig[poolBytes=5242880, coalesceWindowNs=7, groupEpochsMax=3,"
                + " groupBytesMax=1048576, queueCapacity=8, backPressureTimeoutMs=9,"
                + " heldBytesMax=19922944, lockTimeoutMs=10, initialFileBytes=11534336,"
                + " growthBytesMin=12582912, freeSharePercentMax=13, logExtentBytesMax=14680064,"
                + " checkpointLogBytesMin=15728640, backgroundBytesPerSecondMax=20971520,"
                + " backgroundProcessorSharePercentMax=21, quietMarkMs=16, snapshotEntriesMax=17,"
                + " cacheBytes=18874368, engine=PREAD_PWRITE, threadingMode=INVOKER,"
                + " idleStrategy=given, allowBuffered=true]");
    assertThat(changed.snapshotEntriesMax()).isEqualTo(17);
    assertThat(changed.engine()).isEqualTo(StoreConfig.Engine.PREAD_PWRITE);
    assertThat(changed.allowBuffered()).isTrue();
    assertThat(StoreConfig.DEFAULTS.snapshotEntriesMax()).isEqualTo(1 << 20);
  }

  @Test
  void shouldNameSettingRuleAndValueInEveryError() {
    assertThatThrownBy(() -> StoreConfig.DEFAULTS.withQueueCapacity(12))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("queueCapacity must be a power of two, 2 to 65536: 12");
    assertThatThrownBy(() -> StoreConfig.DEFAULTS.withQueueCapacity(1 << 17))
        .hasMessage("queueCapacity must be a power of two, 2 to 65536: 131072");
    assertThatThrownBy(() -> StoreConfig.DEFAULTS.withBackgroundProcessorSharePercentMax(0))
        .hasMessage("backgroundProcessorSharePercentMax must be 1 to 100: 0");
    assertThatThrownBy(() -> StoreConfig.DEFAULTS.withBackgroundBytesPerSecondMax(1))
        .hasMessage("backgroundBytesPerSecondMax must be 0 or 65536 to 1099511627776: 1");
    assertThatThrownBy(() -> StoreConfig.DEFAULTS.withCacheBytes(1))
        .hasMessage("cacheBytes must be 0 or 1048576 to 1099511627776: 1");
    assertThatThrownBy(() -> VerifyOptions.DEFAULTS.withBytesMax(0))
        .hasMessage("bytesMax must be 1 or more: 0");
    assertThatThrownBy(() -> VerifyOptions.DEFAULTS.withCursor(1L << 32))
        .hasMessage("cursor must be 0 to 4294967295: 4294967296");
  }
}
