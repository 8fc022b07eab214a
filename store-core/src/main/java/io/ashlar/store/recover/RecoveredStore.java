package io.ashlar.store.recover;

import io.ashlar.store.RecoveryReport;
import io.ashlar.store.checkpoint.RecoveredLog;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.FoundSpace;

/**
 * A recovered store, fenced and ready for writes.
 *
 * @param log the log, and what refers to it.
 * @param space the free space; its memory is owned by the receiver from now on.
 * @param index the index; owned by the receiver from now on.
 * @param applier applies operations to it.
 * @param report the report of the recovery.
 */
public record RecoveredStore(
    RecoveredLog log,
    FoundSpace space,
    BlobIndex index,
    OperationApplier applier,
    RecoveryReport report)
    implements AutoCloseable {

  /** Frees the memory of the index and of the free space. */
  @Override
  public void close() {
    index.close();
    space.allocator().close();
  }
}
