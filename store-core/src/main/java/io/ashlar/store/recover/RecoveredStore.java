package io.ashlar.store.recover;

import io.ashlar.store.RecoveryReport;
import io.ashlar.store.checkpoint.Generation;
import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.ExtentAllocator;

/**
 * A recovered store, fenced and ready for writes.
 *
 * @param superblock the current superblock, with this open's incarnation.
 * @param position the end of the log.
 * @param ledger the log records that a generation still needs.
 * @param older the generation that the older superblock copy refers to.
 * @param newer the generation that the newer superblock copy refers to.
 * @param logBlocks how far the log has advanced since the newer one.
 * @param logOperations how many operations it has since then.
 * @param fileBlocks blocks of the data file.
 * @param highestEnd the first block after all used blocks.
 * @param index the index; owned by the receiver from now on.
 * @param applier applies operations to it.
 * @param allocator the free space.
 * @param report the report of the recovery.
 */
public record RecoveredStore(
    Superblock superblock,
    LogPosition position,
    RecordLedger ledger,
    Generation older,
    Generation newer,
    long logBlocks,
    long logOperations,
    long fileBlocks,
    long highestEnd,
    BlobIndex index,
    OperationApplier applier,
    ExtentAllocator allocator,
    RecoveryReport report) {}
