package io.ashlar.store.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.spi.ManifestNotes.Note;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ManifestNotesTest {

  private static Note note(long sequence) {
    return new Note(sequence, UUID.randomUUID());
  }

  @Test
  void shouldHoldTheSettledManifestAndAllSentAfterIt() {
    Note a = note(1);
    Note b = note(2);
    Note c = note(2);
    ManifestNotes notes = ManifestNotes.NONE.sending(null, a);
    assertThat(notes).isEqualTo(new ManifestNotes(1, true, null, List.of(a)));
    notes = notes.sending(a, b).sending(a, c);
    assertThat(notes.settled()).isEqualTo(a);
    assertThat(notes.sent()).containsExactly(b, c);
    assertThat(notes.count()).isEqualTo(3);
    assertThat(notes.holds(a.putId())).isTrue();
    assertThat(notes.holds(b.putId())).isTrue();
    assertThat(notes.holds(c.putId())).isTrue();
    assertThat(notes.holds(UUID.randomUUID())).isFalse();
    assertThat(notes.sequenceMax()).isEqualTo(2);
  }

  @Test
  void shouldForgetWhatANewerManifestHasSettled() {
    Note a = note(1);
    Note b = note(2);
    Note c = note(2);
    Note d = note(3);
    ManifestNotes notes = ManifestNotes.NONE.sending(null, a).sending(a, b).sending(a, c);
    ManifestNotes followed = notes.sending(c, d);
    assertThat(followed.settled()).isEqualTo(c);
    assertThat(followed.sent()).containsExactly(d);
    ManifestNotes settled = notes.settled(b);
    assertThat(settled.settled()).isEqualTo(b);
    assertThat(settled.sent()).isEmpty();
    assertThat(settled.holds(a.putId())).isFalse();
    assertThat(settled.holds(c.putId())).isFalse();
  }

  @Test
  void shouldKeepWhatIsSettledWhileAManifestBehindAnothersIsOpen() {
    Note own = note(7);
    Note others = note(8);
    Note next = note(9);
    ManifestNotes notes = ManifestNotes.NONE.settled(own).sending(others, next);
    assertThat(notes.settled()).isEqualTo(own);
    assertThat(notes.sent()).containsExactly(next);
    // The first manifest of an empty prefix: until it is settled, the store can go back.
    ManifestNotes forked = notes.sending(null, note(1));
    assertThat(forked.settled()).isEqualTo(own);
    assertThat(forked.sent()).hasSize(2);
  }

  @Test
  void shouldBeCompleteOnceAManifestWasNotedBehindTheNewest() {
    Note unknown = note(4);
    Note next = note(5);
    ManifestNotes notes = ManifestNotes.BEFORE_NOTES.sending(unknown, next);
    assertThat(notes.complete()).isTrue();
    assertThat(notes.settled()).isEqualTo(unknown);
    assertThat(notes.sent()).containsExactly(next);
    assertThat(ManifestNotes.BEFORE_NOTES.sending(null, note(1)).complete()).isFalse();
    assertThat(ManifestNotes.BEFORE_NOTES.settled(next).complete()).isTrue();
  }

  @Test
  void shouldForgetTheOldestOfMoreThanItHasRoomFor() {
    Note settled = note(1);
    Note first = note(2);
    ManifestNotes notes = ManifestNotes.NONE.settled(settled).sending(settled, first);
    for (int i = 0; i < ManifestNotes.SENT_MAX; i++) {
      notes = notes.sending(settled, note(2));
    }
    assertThat(notes.sent()).hasSize(ManifestNotes.SENT_MAX).doesNotContain(first);
    assertThat(notes.holds(settled.putId())).isTrue();
  }

  @Test
  void shouldRefuseASequenceThatNoManifestHas() {
    assertThatThrownBy(() -> note(0)).hasMessageContaining("sequence=0");
  }
}
