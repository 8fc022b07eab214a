package io.ashlar.tier.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.ObjectKey;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TierKeysTest {
  private static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

  @Test
  void shouldSpellKeysSoThatTheySortAsTheirNumbers() {
    assertThat(TierKeys.manifest(42)).isEqualTo("manifests/00000000000000000042");
    assertThat(TierKeys.manifest(Long.MAX_VALUE)).isEqualTo("manifests/09223372036854775807");
    assertThat(TierKeys.batch(3, 17, ID)).isEqualTo("batches/0000000003/0000000017-" + ID);
    assertThat(ObjectKey.check(TierKeys.batch(3, 17, ID))).isNotEmpty();
    assertThat(ObjectKey.check(TierKeys.LATEST)).isEqualTo("_latest");
  }

  @Test
  void shouldReadItsOwnKeysBackAndNoOthers() {
    assertThat(TierKeys.manifestSequence(TierKeys.manifest(42))).isEqualTo(42);
    assertThat(TierKeys.manifestSequence("manifests/42")).isEqualTo(-1);
    assertThat(TierKeys.manifestSequence("manifests/99999999999999999999")).isEqualTo(-1);
    assertThat(TierKeys.batchName(TierKeys.batch(3, 17, ID)))
        .isEqualTo(new TierKeys.BatchName(3, 17, ID));
    assertThat(TierKeys.batchName("batches/0000000003/0000000017-" + UUID.randomUUID())).isNull();
    assertThat(TierKeys.batchName("batches/0000000003/../x")).isNull();
  }

  @Test
  void shouldRefuseNumbersThatAKeyCannotHold() {
    assertThatThrownBy(() -> TierKeys.manifest(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TierKeys.batch(0, 0, ID)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TierKeys.batch(1, TierKeys.GENERATION_MAX + 1, ID))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TierKeys.batch(1, 1, UUID.randomUUID()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldMakeIdsWhoseTextSortsByTime() throws InterruptedException {
    UUID first = TierManifest.newId();
    Thread.sleep(5);
    UUID second = TierManifest.newId();
    assertThat(first.version()).isEqualTo(7);
    assertThat(first.toString()).isLessThan(second.toString());
  }

  @Test
  void shouldDeriveTheLowerHalfOfABatchIdFromTheRest() {
    TierKeys.BatchName name = TierKeys.BatchName.derived(3, 258, 0x0192f3a17c4e7b6aL);
    assertThat(name.id()).hasToString("0192f3a1-7c4e-7b6a-a1d2-3f27fdfbf924");
    assertThat(name.isDerived()).isTrue();
    assertThat(TierKeys.batchName(TierKeys.batch(3, 258, name.id()))).isEqualTo(name);
    assertThat(new TierKeys.BatchName(3, 259, name.id()).isDerived()).isFalse();
    assertThat(new TierKeys.BatchName(2, 258, name.id()).isDerived()).isFalse();
    assertThat(new TierKeys.BatchName(3, 258, TierManifest.newId()).isDerived()).isFalse();
  }
}
