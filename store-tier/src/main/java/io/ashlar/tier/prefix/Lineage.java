package io.ashlar.tier.prefix;

import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.ManifestNotes.Note;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierManifest;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Distinguishes a store's file from its copies. The file notes each manifest before it is sent
 * (rule L32), and continues a chain only if it noted the newest manifest.
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>N1. A manifest is sent only after its put id is durable in the store's file, claims and
 *       every attempt at one included. If the note fails, nothing is sent.
 *   <li>N2. Nothing local is given up because of a chain before the file says that the chain's
 *       newest manifest is in it, or a later one.
 *   <li>N3. The newest manifest is accepted only if its {@linkplain TierManifest#lineage lineage}
 *       is noted, as the settled manifest or as one of those sent after it.
 * </ol>
 *
 * <p><b>A crash anywhere opens again.</b> The file has settled manifest C; P follows it.
 *
 * <table>
 *   <caption>A crash at each step of a manifest</caption>
 *   <tr><th>crash after</th><th>settled; sent</th><th>newest in the tier</th></tr>
 *   <tr><td>nothing</td><td>C; -</td><td>C</td></tr>
 *   <tr><td>P is noted</td><td>C; P</td><td>C</td></tr>
 *   <tr><td>P is sent</td><td>C; P</td><td>C, or P, or C now and P later</td></tr>
 *   <tr><td>P is answered</td><td>C; P</td><td>P</td></tr>
 *   <tr><td>P is noted as settled</td><td>P; -</td><td>P; C would mean that the tier lost P, on
 *       which eviction and dropped tombstones may rely by now</td></tr>
 * </table>
 *
 * <p>If P lands late, it meets the claim Q of the next open, which has the same sequence: one of
 * them is created, never both. If it is P, the claim fails, and the next look finds P as the
 * newest. The file has C; P, Q by then, so P is accepted, and the next claim follows P.
 *
 * <p><b>A copy that diverged is refused.</b> The copy is taken while the file has C; P. Then:
 *
 * <table>
 *   <caption>A copy that is brought back</caption>
 *   <tr><th>the original has meanwhile</th><th>newest in the tier</th><th>the copy</th></tr>
 *   <tr><td>sent nothing, or sent P and nothing else</td><td>C or P</td><td>is accepted: it holds
 *       everything that the chain has, as the batches of P were read from the file before the copy
 *       was taken. The original is refused from then on</td></tr>
 *   <tr><td>claimed, uploaded or collected</td><td>a later manifest, which only the original noted
 *       </td><td>refused, whether its own commits are fewer, as many or more</td></tr>
 *   <tr><td>dropped old manifests</td><td>as before: the newest is never dropped</td><td>refused
 *       </td></tr>
 *   <tr><td>been opened at the same time as the copy</td><td>the claim of the faster one</td>
 *       <td>one is accepted. The claim of the other fails, and it is refused: its file has not
 *       noted the claim that is there</td></tr>
 * </table>
 *
 * <p>The first claim of an empty prefix is noted as settled only when a manifest follows it. So a
 * store that was opened with a wrong prefix can go back to its own.
 *
 * <p>A collection without the store repeats the lineage of the manifest that it follows. It does
 * not change the state, so the store accepts the manifests that it left. A file of an earlier
 * release has no notes. It is accepted until a store has noted a manifest of the chain, which the
 * first claim does.
 *
 * <p>Thread: the writer's: the tiering agent, or the caller of a collection without the store.
 */
public final class Lineage {
  private final @Nullable TierSource source;

  private Lineage(@Nullable TierSource source) {
    this.source = source;
  }

  /** Of manifests that a store writes. */
  static Lineage of(TierSource source) {
    return new Lineage(source);
  }

  /** Of manifests that are written without the store, and change nothing of its state. */
  public static Lineage withoutStore() {
    return new Lineage(null);
  }

  /** What a manifest says of its lineage. */
  @Nullable UUID after(@Nullable TierManifest parent, UUID putId) {
    if (source != null) {
      return putId;
    }
    return parent == null ? null : parent.lineage();
  }

  /**
   * Notes a manifest that is about to be sent. Must return before that (N1).
   *
   * @param parent the newest manifest of the chain, or null if there is none.
   * @throws io.ashlar.store.StoreFailedException if it is not noted: it must not be sent.
   */
  void sending(@Nullable TierManifest parent, TierManifest manifest) {
    if (source != null) {
      Note before = parent == null ? null : note(parent);
      source.noteManifests(notes -> notes.sending(before, note(manifest)));
    }
  }

  /**
   * Notes that a manifest is in the chain. Must return before anything is given up because of it
   * (N2).
   *
   * @throws io.ashlar.store.StoreFailedException if it is not noted: nothing may rely on it.
   */
  void settled(TierManifest manifest) {
    if (source != null) {
      source.noteManifests(notes -> notes.settled(note(manifest)));
    }
  }

  private static Note note(TierManifest manifest) {
    return new Note(manifest.sequence(), manifest.putId());
  }

  /**
   * Checks that a chain is the one that the store's file knows (N3).
   *
   * @param newest the newest manifest, of this store.
   * @param evicted how many blobs the store has in a tier only.
   * @param prefix for the message.
   * @throws StoreOpenException if it is not; the message names the ways out.
   */
  void check(TierManifest newest, long evicted, Object prefix) {
    if (source == null) {
      return;
    }
    if (isOwn(newest)) {
      return;
    }
    ManifestNotes notes = source.manifestNotes();
    Note settled = notes.settled();
    boolean lost = settled != null && newest.sequence() < settled.sequence();
    throw new StoreOpenException(
        (lost
                ? "the tier is older than this store's file, as it lost manifests, was put back to"
                    + " an earlier state or belongs to a copy: "
                    + Remedy.REPAIR
                : "this store's file is older than its tier, or a copy of the file that wrote"
                    + " there, as the tier's newest manifest is not noted in it: restore from the"
                    + " tier into an empty folder")
            + (evicted == 0
                ? ", or tier this file to an empty prefix"
                : "; this file cannot go to another prefix, as its evicted blobs are in this one")
            + ": prefix="
            + prefix
            + ", newest="
            + text(note(newest))
            + ", noted="
            + (settled == null ? "none" : text(settled))
            + ", sent since="
            + notes.sent().stream().map(Lineage::text).toList()
            + ", evicted="
            + evicted,
        null);
  }

  /** Whether the store's file knows a manifest, or it continues one that it knows: N3. */
  boolean isOwn(TierManifest manifest) {
    if (source == null) {
      return true;
    }
    ManifestNotes notes = source.manifestNotes();
    UUID noted = manifest.lineage();
    return notes.holds(noted == null ? manifest.putId() : noted)
        || (noted == null && !notes.complete());
  }

  private static String text(Note note) {
    return note.sequence() + "/" + note.putId();
  }
}
