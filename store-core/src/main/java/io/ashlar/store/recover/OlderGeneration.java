package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.checkpoint.Generation;
import io.ashlar.store.checkpoint.IndexCheckpointReader;
import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.Superblock;
import org.jspecify.annotations.Nullable;

/**
 * Finds what the older generation needs, so that none of it is written over (rule L13), on a thread
 * of its own: it waits for the device while another decodes the newer index checkpoint.
 *
 * <p>Thread: the one that opens the store.
 */
final class OlderGeneration implements AutoCloseable {

  /** A usable generation, and the records between it and the newer one. */
  private record Found(Generation generation, RecordLedger records) {}

  private final @Nullable SideTask<@Nullable Found> search; // null when there is none to find

  /**
   * Begins to look.
   *
   * @param older the older superblock copy with the newest fence, or null when there is none.
   */
  OlderGeneration(Disk disk, long fileBlocks, @Nullable Superblock older, Superblock newer) {
    search =
        older == null
            ? null
            : new SideTask<>("ashlar-older-generation", () -> find(disk, fileBlocks, older, newer));
  }

  private static @Nullable Found find(
      Disk disk, long fileBlocks, Superblock older, Superblock newer) {
    try (IndexCheckpointReader checkpoints = new IndexCheckpointReader(disk, fileBlocks);
        LogReader reader = new LogReader(disk, fileBlocks)) {
      Generation generation = checkpoints.locate(older);
      LogChain chain = new LogChain(reader, older);
      RecordLedger records = new RecordLedger();
      while (chain.end().sequence() < newer.base().sequence()) {
        LogRecord record = chain.next();
        if (record == null) {
          return null;
        }
        records.add(chain.end().sequence(), chain.recordBlock(), record.blocks());
      }
      return chain.end().chain() == newer.base().chain() ? new Found(generation, records) : null;
    } catch (CorruptionException e) {
      return null;
    }
  }

  /**
   * Waits for the outcome.
   *
   * @param ledger receives the records.
   * @return the generation, or null when there is none that is usable: its superblock copy is then
   *     to be repaired from the newer one.
   */
  @Nullable Generation await(RecordLedger ledger) {
    Found found = search == null ? null : search.await();
    if (found == null) {
      return null;
    }
    found.records().forEach(ledger::add);
    return found.generation();
  }

  /** Waits until nothing reads from the disk any more. */
  @Override
  public void close() {
    if (search != null) {
      search.close();
    }
  }
}
