package io.ashlar.tier.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import org.junit.jupiter.api.Test;

class RemedyTest {
  private static final BlobId ID = new BlobId(1, 2);

  @Test
  void shouldSayOnceWhatToDoAboutDamageOfATier() {
    CorruptionException damage = new CorruptionException("batch is missing", ID, -1, 3, 4, null);
    CorruptionException added = Remedy.added(damage);
    assertThat(added)
        .hasCause(damage)
        .hasMessage(
            "batch is missing; repair the tier from its store with Tier.repair or \"ashlar repair"
                + " STORE URL\", or restore what is left with \"ashlar restore --partial URL"
                + " STORE\"");
    assertThat(added.id()).isEqualTo(ID);
    assertThat(added.expected()).isEqualTo(3);
    assertThat(added.actual()).isEqualTo(4);
    assertThat(Remedy.added(added)).isSameAs(added);
  }

  @Test
  void shouldNotAdviseToRepairTheTierForDamageOfTheDataFile() {
    CorruptionException local = new CorruptionException("checksum mismatch", ID, 7, 3, 4, null);
    assertThat(Remedy.added(local)).isSameAs(local);
  }
}
