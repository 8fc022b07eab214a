package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.SecondLook;
import io.ashlar.tier.object.request.StoredBytes;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One conditional put of a {@link RetryingObjectStore}, until it is certain whether it was applied.
 *
 * <p>A failed attempt may have been applied, or may be applied yet. What is there decides:
 *
 * <table>
 *   <caption>What is there</caption>
 *   <tr><td>nothing</td><td>sent again</td></tr>
 *   <tr><td>our put id and our bytes</td><td>stored, whichever attempt wrote it</td></tr>
 *   <tr><td>our put id and other bytes</td><td>torn. The key is ours, and no other request of ours has other bytes, so a put-if-match of what was found replaces it</td></tr>
 *   <tr><td>another put id; without one, other bytes</td><td>for a put-if-absent the end: refused.
 *       For a put-if-match this may still be the version to replace, so it is sent again, and
 *       refused if not</td></tr>
 * </table>
 *
 * <p>A refusal after a failed attempt is checked in the same way. Where there is no real
 * put-if-match, a plain put replaces a torn object. No other writer writes its key, because the key
 * is taken, and manifests are dropped only where put-if-match is real.
 *
 * <p>Thread: one.
 */
final class ConditionalPut {
  private static final int ROUNDS_MAX = 4;

  private enum There {
    OURS,
    TORN,
    ANOTHERS
  }

  private final RetryingObjectStore store;
  private final String key;
  private final ObjectBody body;
  private boolean unsettled;

  /** The etag of a torn object of ours, which is replaced; null if there is none. */
  private @Nullable String torn;

  ConditionalPut(RetryingObjectStore store, String key, ObjectBody body) {
    this.store = store;
    this.key = key;
    this.body = body;
  }

  PutResult run(Supplier<PutResult> attempt, boolean othersRefuse) {
    for (int round = 1; ; round++) {
      PutResult result =
          store.loop.run(
              RetryLoop.Bill.WRITE,
              body.length(),
              () -> send(attempt),
              failure -> {
                unsettled = true;
                return settle(store.find(key), othersRefuse);
              });
      boolean settled =
          !(result instanceof PutResult.Refused refused && (refused.maybeOwn() || unsettled));
      if (settled) {
        return result;
      }
      Optional<PutResult> known = settle(Optional.ofNullable(SecondLook.head(store, key)), true);
      if (known.isPresent() || torn == null || round == ROUNDS_MAX) {
        return known.orElse(new PutResult.Refused(false));
      }
    }
  }

  private PutResult send(Supplier<PutResult> attempt) {
    String replaced = torn;
    if (replaced == null) {
      return attempt.get();
    }
    try {
      return store.delegate.putIfMatch(key, body, replaced);
    } catch (ObjectStoreException e) {
      if (e.kind() == FailureKind.UNSUPPORTED) {
        return store.delegate.put(key, body);
      }
      throw e;
    }
  }

  private Optional<PutResult> settle(Optional<ObjectInfo> found, boolean othersRefuse) {
    store.readBacks.increment();
    torn = null;
    if (found.isEmpty()) {
      return Optional.empty();
    }
    return switch (whose(found.get())) {
      case OURS -> Optional.of(new PutResult.Stored(found.get().etag()));
      case TORN -> {
        torn = found.get().etag();
        yield Optional.empty();
      }
      case ANOTHERS -> othersRefuse ? Optional.of(new PutResult.Refused(false)) : Optional.empty();
    };
  }

  private There whose(ObjectInfo there) {
    boolean unknown = there.putId() == null;
    if (!unknown && !Objects.equals(there.putId(), body.putId())) {
      return There.ANOTHERS;
    }
    return there.length() == body.length() && sameChecksumOrBytes(there)
        ? There.OURS
        : unknown ? There.ANOTHERS : There.TORN;
  }

  private boolean sameChecksumOrBytes(ObjectInfo there) {
    Integer crc = there.crc32c();
    try {
      return crc == null ? StoredBytes.areThoseOf(body, there, store) : crc == body.crc32c();
    } catch (IOException e) {
      throw unread(e);
    }
  }

  private ObjectStoreException unread(IOException e) {
    return new ObjectStoreException(
        "reading back a put failed: key=" + ObjectKey.shown(key) + ", store=" + store, true, e);
  }
}
