package io.ashlar.store.checkpoint;

import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;

/**
 * The log as recovery found it, from which the write path continues.
 *
 * @param superblock the current superblock, with this open's fence.
 * @param position the end of the log.
 * @param ledger the log records that a generation still needs.
 * @param older the generation that the older superblock copy refers to.
 * @param newer the generation that the newer superblock copy refers to.
 * @param blocks how far the log has advanced since the newer one, in blocks.
 * @param operations how many operations it has since then.
 */
public record RecoveredLog(
    Superblock superblock,
    LogPosition position,
    RecordLedger ledger,
    Generation older,
    Generation newer,
    long blocks,
    long operations) {}
