package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * What a store reports when it cannot do what was asked. There is one subclass for each thing that
 * a caller can do about it; the message names the thing, the value and the remedy.
 *
 * <p>Bad arguments are {@link IllegalArgumentException} and use in the wrong state (an epoch after
 * its commit, a lease after its close) is {@link IllegalStateException}: those are the caller's
 * bugs.
 */
public abstract sealed class StoreException extends RuntimeException
    permits BackPressureTimeoutException,
        CheckpointDroppedException,
        CorruptionException,
        FencedException,
        FormatVersionException,
        SnapshotEndedException,
        StorageFullException,
        StoreClosedException,
        StoreFailedException,
        StoreLockedException,
        StoreOpenException,
        TierUnavailableException,
        WrongKeyException {

  StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
