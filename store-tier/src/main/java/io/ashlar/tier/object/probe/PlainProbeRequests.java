package io.ashlar.tier.object.probe;

import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.SecondLook;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A probe's requests to a store that has one spelling only: that of {@link ObjectStore}. */
record PlainProbeRequests(ObjectStore store) implements ProbeRequests {

  @Override
  public Answer put(
      String key,
      String text,
      @Nullable String ifNoneMatch,
      @Nullable String ifMatch,
      @Nullable Integer crc32c) {
    ObjectBody body = ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
    if (crc32c != null) {
      return Answer.REJECTED;
    }
    PutResult result =
        ifNoneMatch != null
            ? store.putIfAbsent(key, body)
            : ifMatch != null
                ? store.putIfMatch(key, body, ifMatch.replace("\"", ""))
                : store.put(key, body);
    return result.stored() ? Answer.APPLIED : Answer.REFUSED;
  }

  @Override
  public Answer delete(String key, @Nullable String ifMatch) {
    if (ifMatch != null) {
      return Answer.REJECTED;
    }
    return store.deleteAll(List.of(key)).failed().isEmpty() ? Answer.APPLIED : Answer.REFUSED;
  }

  @Override
  public @Nullable String read(String key) {
    try (ObjectContent content = store.get(key)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (ObjectNotFoundException absent) {
      return null;
    } catch (IOException e) {
      throw new ObjectStoreException("reading a probe failed: key=" + key, true, e);
    }
  }

  @Override
  public String etag(String key) {
    ObjectInfo info = SecondLook.head(store, key);
    return info == null ? "" : info.etag();
  }
}
