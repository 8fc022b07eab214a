package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.checkpoint.Generation;
import io.ashlar.store.checkpoint.IndexCheckpointReader;
import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
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

  private final FutureTask<@Nullable Found> search;
  private final Thread thread;

  /**
   * Begins to look.
   *
   * @param older the older superblock copy with the newest fence, or null when there is none.
   */
  OlderGeneration(Disk disk, long fileBlocks, @Nullable Superblock older, Superblock newer) {
    search = new FutureTask<>(() -> older == null ? null : find(disk, fileBlocks, older, newer));
    thread = Thread.ofPlatform().daemon().name("ashlar-older-generation").start(search);
  }

  private static @Nullable Found find(
      Disk disk, long fileBlocks, Superblock older, Superblock newer) {
    try (IndexCheckpointReader checkpoints = new IndexCheckpointReader(disk, fileBlocks);
        LogReader reader = new LogReader(disk, fileBlocks)) {
      Generation generation = checkpoints.locate(older);
      LogChain chain = new LogChain(reader, older);
      RecordLedger records = new RecordLedger();
      while (chain.end().sequence() < newer.base().sequence()) {
        MemorySegment record = chain.next();
        if (record == null) {
          return null;
        }
        records.add(chain.end().sequence(), chain.recordBlock(), record.byteSize() / Blocks.BYTES);
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
    Found found = outcome();
    if (found == null) {
      return null;
    }
    found.records().forEach(ledger::add);
    return found.generation();
  }

  private @Nullable Found outcome() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return search.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("cannot read the older generation", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits until nothing reads from the disk any more. */
  @Override
  public void close() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
