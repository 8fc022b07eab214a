package io.ashlar.store.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The notes in a store's file about the manifests that its tier has sent. Only this file has these
 * notes: a copy of it lacks every manifest that the original sent afterwards. A backup that is
 * written from a snapshot, and a store that was restored, are stores of their own without notes.
 *
 * <pre>
 *                      settled   sent
 *   NONE               -         -
 *   sending(-, a)      -         a        a may be in the chain, or not yet, or never
 *   sending(a, b)      a         b        a is in the chain: b could not follow it otherwise
 *   sending(a, c)      a         b, c     a is still the newest, so the outcome of b is open
 *   settled(c)         c         -        c is in the chain, and something relies on it
 * </pre>
 *
 * <p>Each manifest is noted durably <i>before</i> it is sent (rule L32), and {@link #settled} is
 * noted before anything local is given up because of it. So the newest manifest of the tier is
 * always one that {@linkplain #holds is noted}, unless another writer appended to the chain or the
 * tier lost objects.
 *
 * <p>Thread: any; immutable.
 *
 * @param count how many notes were made; of two copies the one with more is the newer.
 * @param complete false in a file that was tiered before notes were kept, and did not note since.
 * @param settled the newest manifest that is known to be in the chain, or null.
 * @param sent manifests sent after that one, oldest first, of unknown outcome; at most {@value
 *     #SENT_MAX}. When there are more the oldest is forgotten. Should it turn up in the chain after
 *     all, it is refused like another's.
 */
public record ManifestNotes(long count, boolean complete, @Nullable Note settled, List<Note> sent) {

  /** The most manifests of unknown outcome that are noted. */
  public static final int SENT_MAX = 32;

  /** The notes of a store that was never tiered. */
  public static final ManifestNotes NONE = new ManifestNotes(0, true, null, List.of());

  /** The notes of a store that was tiered before notes were kept. */
  public static final ManifestNotes BEFORE_NOTES = new ManifestNotes(0, false, null, List.of());

  /**
   * One manifest.
   *
   * @param sequence its place in the chain, 1 or more.
   * @param putId its put id, which no other manifest has.
   */
  public record Note(long sequence, UUID putId) {

    /** Checks the sequence. */
    public Note {
      if (sequence < 1) {
        throw new IllegalArgumentException("sequence is less than 1: sequence=" + sequence);
      }
    }
  }

  /** Checks the counts, and takes a copy of the list. */
  public ManifestNotes {
    if (count < 0 || sent.size() > SENT_MAX) {
      throw new IllegalArgumentException(
          "notes out of range: count=" + count + ", sent=" + sent.size());
    }
    sent = List.copyOf(sent);
  }

  /**
   * {@return the notes to be made before a manifest is sent}
   *
   * @param parent the newest manifest of the chain, which the new one follows; null if there is
   *     none.
   * @param manifest the manifest to be sent.
   */
  public ManifestNotes sending(@Nullable Note parent, Note manifest) {
    if (parent != null && (!complete || sent.contains(parent))) {
      return new ManifestNotes(count + 1, true, parent, List.of(manifest));
    }
    List<Note> more = new ArrayList<>(sent);
    if (more.size() == SENT_MAX) {
      more.removeFirst();
    }
    more.add(manifest);
    return new ManifestNotes(count + 1, complete, settled, more);
  }

  /**
   * {@return the notes to be made before anything relies on a manifest that is in the chain}
   *
   * @param manifest that manifest.
   */
  public ManifestNotes settled(Note manifest) {
    return new ManifestNotes(count + 1, true, manifest, List.of());
  }

  /**
   * {@return whether the manifest with this put id is settled or was sent}
   *
   * @param putId the put id, as the object store has it.
   */
  public boolean holds(UUID putId) {
    boolean found = settled != null && settled.putId().equals(putId);
    for (Note note : sent) {
      found |= note.putId().equals(putId);
    }
    return found;
  }

  /** {@return the highest sequence noted, or 0} */
  public long sequenceMax() {
    long max = settled == null ? 0 : settled.sequence();
    for (Note note : sent) {
      max = Math.max(max, note.sequence());
    }
    return max;
  }
}
