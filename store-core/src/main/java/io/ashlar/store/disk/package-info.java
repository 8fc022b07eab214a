/**
 * Access to the data file: one contract, {@link io.ashlar.store.disk.Disk}, and its
 * implementations.
 *
 * <p><b>What enters and leaves.</b> In: native buffers, byte offsets, tokens. Out: bytes in the
 * file, completions with the token, typed failures. This package does not know the layout of the
 * file.
 *
 * <p><b>Which thread owns what.</b> A {@code Disk} is safe from any thread. A {@code DiskQueue} and
 * its ring belong to the thread that opened it. Other threads may only call {@code wakeUp()}.
 *
 * <p><b>Who frees memory.</b> The caller frees its own buffers, after the call or after the
 * completion. A queue frees its own memory once no operation is in flight.
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
