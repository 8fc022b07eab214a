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
 * Finds the blocks that the older generation needs, so that none of them is overwritten (rule L13).
 */
final class OlderGeneration {

  private OlderGeneration() {}

  /**
   * Reads the older generation.
   *
   * @param older the older superblock copy with the newest fence.
   * @param ledger receives the records between it and the newer one, if it is usable.
   * @return the generation, or null if it is not usable; its superblock copy is then repaired from
   *     the newer one.
   */
  static @Nullable Generation find(
      Disk disk,
      long fileBlocks,
      IndexCheckpointReader checkpoints,
      Superblock older,
      Superblock newer,
      RecordLedger ledger) {
    RecordLedger records = new RecordLedger();
    try (LogReader reader = new LogReader(disk, fileBlocks)) {
      Generation generation = checkpoints.locate(older);
      LogChain chain = new LogChain(reader, older);
      while (chain.end().sequence() < newer.base().sequence()) {
        LogRecord record = chain.next();
        if (record == null) {
          return null;
        }
        records.add(chain.end().sequence(), chain.recordBlock(), record.blocks());
      }
      if (chain.end().chain() != newer.base().chain()) {
        return null;
      }
      records.forEach(ledger::add);
      return generation;
    } catch (CorruptionException e) {
      return null;
    }
  }
}
