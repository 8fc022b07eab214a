package io.ashlar.store.local;

import static io.ashlar.store.local.ScriptedStore.Change.delete;
import static io.ashlar.store.local.ScriptedStore.Change.put;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** When space may be used again is counted in records, not in epochs (L1, L2, L31). */
class ReuseRulesTest {

  private static final int FAR = 10;

  @Test
  @Tag("campaign")
  void shouldLetSpaceGoByTheMarkOfAnEmptyRecord() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, FAR));
    long extent = store.lastBlob(FAR).offset();
    store.commit(delete(1));
    long epoch = store.lastEpoch();
    long sequence = store.store().stats().sequence();
    store.quiet(); // L31: an empty record marks the delete
    assertThat(store.store().stats().sequence()).isEqualTo(sequence + 1);
    assertThat(store.store().durableEpoch()).as("it has no epoch").isEqualTo(epoch);
    store.commit(put(2, FAR));
    assertThat(store.lastBlob(FAR).offset()).as("L1").isEqualTo(extent);
    assertThat(store.cutPowerEverywhere(0, ScriptedStore.BlockImageDamage.NONE)).isPositive();
    store.close();
  }

  @Test
  void shouldNotLetSpaceGoWithoutAMark() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, FAR));
    long extent = store.lastBlob(FAR).offset();
    store.commit(delete(1));
    store.commit(put(2, FAR));
    assertThat(store.lastBlob(FAR).offset()).isNotEqualTo(extent);
    store.commit(put(3, FAR));
    assertThat(store.lastBlob(FAR).offset()).isEqualTo(extent);
    store.close();
  }
}
