package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.restore.RestoreOptions;
import org.junit.jupiter.api.Test;

class TierConfigTest {
  @SuppressWarnings("NullAway") // what is refused
  @Test
  void shouldNameTheSettingItsValueAndItsRule() {
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withBatchBytesTarget(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batchBytesTarget must be 65536 to 67108864: 1");
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withIntervalMs(-1))
        .hasMessageContaining("intervalMs");
    assertThatThrownBy(() -> ReadBackConfig.DEFAULTS.withCacheBytes(-1))
        .hasMessageContaining("cacheBytes");
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withPresenceIntervalMs(86_400_001))
        .hasMessage("presenceIntervalMs must be 0 to 86400000: 86400001");
    assertThatThrownBy(() -> TierConfig.DEFAULTS.withReadBack(null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("readBack must be given: null");
    assertThat(RestoreOptions.DEFAULTS.withKeys(null).keys()).isNull();
  }

  @Test
  void shouldChangeOneSettingAtATime() {
    TierConfig changed =
        TierConfig.DEFAULTS
            .withIntervalMs(1)
            .withBatchBytesTarget(1 << 20)
            .withCheckpointOnClose(true)
            .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(3))
            .withPresenceIntervalMs(5)
            .withCollection(CollectionConfig.DEFAULTS.withRetainCount(4));
    assertThat(changed.toString())
        .startsWith("TierConfig[intervalMs=1, batchBytesTarget=1048576, checkpointOnClose=true,")
        .endsWith("presenceIntervalMs=5]");
    assertThat(changed.readBack().cacheBytes()).isEqualTo(3);
    assertThat(changed.collection().retainCount()).isEqualTo(4);
    assertThat(changed.space()).isSameAs(SpaceConfig.DEFAULTS);
    assertThat(TierConfig.DEFAULTS.intervalMs()).isEqualTo(10_000);
    assertThat(
            CollectionConfig.DEFAULTS
                .withIntervalMs(1)
                .withRetainCount(2)
                .withRetainMs(3)
                .withCompactBelowPercent(4)
                .toString())
        .isEqualTo(
            "CollectionConfig[intervalMs=1, retainCount=2, retainMs=3, compactBelowPercent=4]");
  }

  @Test
  void shouldRefuseALowMarkAboveTheHighOne() {
    SpaceConfig space = SpaceConfig.DEFAULTS.withHighBytes(5_000).withLowBytes(4_000);
    assertThat(space.isLimited()).isTrue();
    assertThatThrownBy(() -> space.withLowBytes(5_001))
        .hasMessage("lowBytes must be 0 to highBytes, 5000: 5001");
    assertThatThrownBy(() -> space.withHighBytes(3_999))
        .hasMessage("lowBytes must be 0 to highBytes, 3999: 4000");
  }

  @Test
  void shouldRefuseCollectionOutOfRange() {
    assertThatThrownBy(() -> CollectionConfig.DEFAULTS.withIntervalMs(-1))
        .hasMessageContaining("intervalMs");
    assertThatThrownBy(() -> CollectionConfig.DEFAULTS.withRetainCount(-1))
        .hasMessageContaining("retainCount");
    assertThatThrownBy(() -> CollectionConfig.DEFAULTS.withRetainMs(Long.MAX_VALUE))
        .hasMessageContaining("retainMs");
    assertThatThrownBy(() -> CollectionConfig.DEFAULTS.withCompactBelowPercent(101))
        .hasMessageContaining("compactBelowPercent");
  }
}
