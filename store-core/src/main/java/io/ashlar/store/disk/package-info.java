/**
 * The data file: one contract, {@link io.ashlar.store.disk.Disk}, and what fulfils it.
 *
 * <p><b>What enters and leaves.</b> In: native buffers, byte offsets, tokens. Out: bytes in the
 * file, completions with the token, typed failures. The layout of the file is not known here.
 *
 * <p><b>Which thread owns what.</b> A {@code Disk} is safe from any thread. A {@code DiskQueue},
 * and the ring inside, belongs to the thread that opened it; only {@code wakeUp()} may come from
 * elsewhere.
 *
 * <p><b>Who frees memory.</b> The caller, its own buffers, after the call or after the completion.
 * A queue frees its own, once nothing is in flight.
 *
 * <p><b>What is thrown.</b> {@link io.ashlar.uring.NativeException} for the device, {@link
 * java.lang.IllegalStateException} for misuse. A queue delivers failures instead of throwing them.
 *
 * <p><b>What is forbidden here.</b> Retrying a failed sync; linking or draining ring operations for
 * order; closing a file with operations in flight; a second implementation of the synchronous half.
 */
@NullMarked
package io.ashlar.store.disk;

import org.jspecify.annotations.NullMarked;
