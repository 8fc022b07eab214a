package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One conditional put of a {@link RetryingObjectStore}, until it is certain whether it was applied.
 *
 * <p>A failed attempt may have been applied, or may be applied yet. What is there decides: an
 * object with our put id is ours, whichever attempt wrote it. For a put-if-absent another's object
 * is the end; for a put-if-match what is there may still be the version to replace, so it is sent
 * again, and refused if not. A refusal after a failed attempt is checked in the same way.
 *
 * <p>Thread: one.
 */
final class ConditionalPut {
  private static final int CHUNK_BYTES = 64 << 10;

  private final RetryingObjectStore store;
  private final String key;
  private final ObjectBody body;
  private boolean unsettled;

  ConditionalPut(RetryingObjectStore store, String key, ObjectBody body) {
    this.store = store;
    this.key = key;
    this.body = body;
  }

  PutResult run(Supplier<PutResult> attempt, boolean othersRefuse) {
    PutResult result =
        store.loop.run(
            RetryLoop.Bill.WRITE,
            body.length(),
            attempt,
            failure -> {
              unsettled = true;
              return settle(othersRefuse);
            });
    if (result instanceof PutResult.Refused refused && (refused.maybeOwn() || unsettled)) {
      return settle(true).orElse(new PutResult.Refused(false));
    }
    return result;
  }

  private Optional<PutResult> settle(boolean othersRefuse) {
    store.readBacks.increment();
    Optional<ObjectInfo> there = store.find(key);
    if (there.isEmpty()) {
      return Optional.empty();
    }
    if (isOurs(there.get())) {
      return Optional.of(new PutResult.Stored(there.get().etag()));
    }
    return othersRefuse ? Optional.of(new PutResult.Refused(false)) : Optional.empty();
  }

  private boolean isOurs(ObjectInfo there) {
    return there.putId() != null
        ? Objects.equals(there.putId(), body.putId())
        : there.length() == body.length() && sameBytes(there);
  }

  private boolean sameBytes(ObjectInfo there) {
    try (ObjectContent content = store.get(key);
        InputStream stored = content.stream();
        InputStream ours = body.newStream()) {
      if (!content.object().etag().equals(there.etag())) {
        return false;
      }
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int n = stored.read(chunk); n >= 0; n = stored.read(chunk)) {
        byte[] same = ours.readNBytes(n);
        if (!Arrays.equals(chunk, 0, n, same, 0, same.length)) {
          return false;
        }
      }
      return true;
    } catch (ObjectNotFoundException deleted) {
      return false;
    } catch (IOException e) {
      throw new ObjectStoreException(
          "reading back a put failed: key=" + ObjectKey.shown(key) + ", store=" + store, true, e);
    }
  }
}
