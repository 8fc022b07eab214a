package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The failure of a store operation. Each subclass stands for one thing that a caller can do about
 * it. The message names the subject, the values and the remedy.
 *
 * <p>The caller's own bugs have other types. A bad argument is an {@link IllegalArgumentException}.
 * Use in the wrong state (an epoch after its commit, a lease after its close) is an {@link
 * IllegalStateException}.
 */
public abstract sealed class StoreException extends RuntimeException
    permits BackPressureTimeoutException,
        CheckpointDroppedException,
        CorruptionException,
        FencedException,
        FormatVersionException,
        NotDrivenException,
        SnapshotEndedException,
        StorageFullException,
        StoreClosedException,
        StoreFailedException,
        StoreLockedException,
        StoreOpenException,
        TierDamagedException,
        TierUnavailableException,
        WrongKeyException {

  StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
