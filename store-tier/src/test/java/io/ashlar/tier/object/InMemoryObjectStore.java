package io.ashlar.tier.object;

import io.ashlar.tier.object.request.CheckedObjectStore;
import io.ashlar.tier.object.request.StampedBody;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The simplest store that keeps the contract: a sorted map under one monitor. */
public final class InMemoryObjectStore extends CheckedObjectStore {
  @SuppressWarnings("ArrayRecordComponent") // private, never compared
  private record Stored(byte[] bytes, String etag, long modifiedMs, @Nullable String putId) {
    ObjectInfo info(String key) {
      return new ObjectInfo(key, bytes.length, etag, modifiedMs, putId, null);
    }

    ObjectInfo infoWithChecksum(String key) {
      CRC32C crc = new CRC32C();
      crc.update(bytes);
      return new ObjectInfo(key, bytes.length, etag, modifiedMs, putId, (int) crc.getValue());
    }
  }

  private final TreeMap<String, Stored> objects = new TreeMap<>(ObjectKey::compare);
  private long version;
  private boolean tellsChecksums;

  /** Has a HEAD tell the CRC-32C of the object from now on. */
  public synchronized void tellChecksums() {
    tellsChecksums = true;
  }

  @Override
  protected synchronized ObjectContent doGet(String key, long offset, long length) {
    counters.gets.increment();
    Stored stored = objects.get(key);
    if (stored == null) {
      throw new ObjectNotFoundException(toString(), key, null);
    }
    boolean ranged = offset > 0 || length != Long.MAX_VALUE;
    if (ranged && offset >= stored.bytes.length) {
      throw noByteAt(key, offset, stored.bytes.length);
    }
    int count = (int) Math.min(length, stored.bytes.length - offset);
    return new ObjectContent(
        stored.info(key), count, new ByteArrayInputStream(stored.bytes, (int) offset, count));
  }

  @Override
  protected synchronized Optional<ObjectInfo> doHead(String key) {
    counters.heads.increment();
    return Optional.ofNullable(objects.get(key))
        .map(stored -> tellsChecksums ? stored.infoWithChecksum(key) : stored.info(key));
  }

  @Override
  protected PutResult.Stored doPut(String key, ObjectBody body) throws IOException {
    return store(key, read(body), body.putId());
  }

  @Override
  protected PutResult doPutIfAbsent(String key, ObjectBody body) throws IOException {
    byte[] bytes = read(body);
    synchronized (this) {
      return objects.containsKey(key)
          ? new PutResult.Refused(false)
          : store(key, bytes, body.putId());
    }
  }

  @Override
  protected PutResult doPutIfMatch(String key, ObjectBody body, String etag) throws IOException {
    byte[] bytes = read(body);
    synchronized (this) {
      Stored stored = objects.get(key);
      boolean match = stored != null && stored.etag.equals(etag);
      return match ? store(key, bytes, body.putId()) : new PutResult.Refused(false);
    }
  }

  private byte[] read(ObjectBody body) throws IOException {
    counters.puts.increment();
    try (InputStream stream = body.newStream()) {
      byte[] bytes = stream.readAllBytes();
      if (bytes.length != body.length()) {
        throw BodyStream.endedEarly(bytes.length, body.length());
      }
      counters.bytesSent.add(bytes.length);
      return bytes;
    }
  }

  private synchronized PutResult.Stored store(String key, byte[] bytes, @Nullable String putId) {
    String etag = "v" + ++version;
    objects.put(key, new Stored(bytes, etag, System.currentTimeMillis(), putId));
    return new PutResult.Stored(etag);
  }

  @Override
  protected synchronized ObjectPage doList(String prefix, @Nullable String startAfter) {
    counters.lists.increment();
    List<ObjectInfo> found = new ArrayList<>();
    for (Map.Entry<String, Stored> entry : objects.entrySet()) {
      String key = entry.getKey();
      if (key.startsWith(prefix)
          && (startAfter == null || ObjectKey.compare(key, startAfter) > 0)) {
        if (found.size() == LIST_OBJECTS_MAX) {
          return new ObjectPage(found, true);
        }
        found.add(entry.getValue().info(key));
      }
    }
    return new ObjectPage(found, false);
  }

  @Override
  protected synchronized DeleteResult doDelete(Set<String> keys) {
    counters.deletes.increment();
    keys.forEach(objects::remove);
    return new DeleteResult(List.copyOf(keys), Map.of());
  }

  @Override
  protected MultipartUpload doStartUpload(String key) {
    counters.puts.increment();
    return new Upload(key);
  }

  @Override
  protected void doClose() {}

  @Override
  public String toString() {
    return "memory:";
  }

  private final class Upload implements MultipartUpload {
    private final String key;
    private final TreeMap<Integer, byte[]> parts = new TreeMap<>();
    private final String putId = StampedBody.newId();
    private boolean done;

    Upload(String key) {
      this.key = key;
    }

    @Override
    public String putId() {
      return putId;
    }

    @Override
    public synchronized void part(int number, ObjectBody body) {
      checkPartNumber(number);
      parts.put(number, request("put part", key, () -> read(body)));
    }

    @Override
    public PutResult.Stored complete() {
      return store(key, whole(), putId);
    }

    @Override
    public PutResult completeIfAbsent() {
      byte[] whole = whole();
      synchronized (InMemoryObjectStore.this) {
        return objects.containsKey(key) ? new PutResult.Refused(false) : store(key, whole, putId);
      }
    }

    private synchronized byte[] whole() {
      if (done || parts.isEmpty()) {
        throw new IllegalStateException("upload is closed or has no part");
      }
      done = true;
      byte[] whole = new byte[parts.values().stream().mapToInt(p -> p.length).sum()];
      int position = 0;
      for (byte[] part : parts.values()) {
        System.arraycopy(part, 0, whole, position, part.length);
        position += part.length;
      }
      counters.puts.increment();
      return whole;
    }

    @Override
    public synchronized void close() {
      done = true;
    }
  }
}
