package io.ashlar.tier.object.directory;

import io.ashlar.tier.object.FileBody;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.CheckedObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A multipart upload of the directory store: each part is a temporary file, and completing it puts
 * their bytes one after another. Thread: parts by any, the rest by one.
 */
final class FileUpload implements MultipartUpload {
  private final FileObjectStore store;
  private final String key;
  private final TempFiles temps;
  private final ConcurrentSkipListMap<Integer, Part> parts = new ConcurrentSkipListMap<>();
  private volatile boolean done;

  FileUpload(FileObjectStore store, String key, TempFiles temps) {
    this.store = store;
    this.key = key;
    this.temps = temps;
  }

  private record Part(TempFiles.Temp temp, FileBody body) {}

  @Override
  public void part(int number, ObjectBody body) {
    CheckedObjectStore.checkPartNumber(number);
    checkOpen();
    Part written = store.request("put part", key, () -> write(body));
    store.counters.puts.increment();
    store.counters.bytesSent.add(body.length());
    Part replaced = parts.put(number, written);
    if (replaced != null) {
      replaced.temp().close();
    }
  }

  private Part write(ObjectBody body) throws IOException {
    TempFiles.Temp temp = temps.take();
    boolean whole = false;
    try {
      temp.write(body, false);
      whole = true;
      return new Part(temp, new FileBody(temp.file(), body.length()));
    } finally {
      if (!whole) {
        temp.close();
      }
    }
  }

  @Override
  public PutResult.Stored complete() {
    ObjectBody whole = whole();
    PutResult.Stored stored = store.put(key, whole);
    store.counters.bytesSent.add(-whole.length());
    close();
    return stored;
  }

  @Override
  public PutResult completeIfAbsent() {
    ObjectBody whole = whole();
    PutResult result = store.putIfAbsent(key, whole);
    store.counters.bytesSent.add(-whole.length());
    close();
    return result;
  }

  private ObjectBody whole() {
    checkOpen();
    if (parts.isEmpty()) {
      throw new IllegalStateException("upload has no part: key=" + ObjectKey.shown(key));
    }
    return new JoinedBody(parts.values().stream().map(Part::body).toList());
  }

  private void checkOpen() {
    if (done) {
      throw new IllegalStateException("upload is closed: key=" + ObjectKey.shown(key));
    }
  }

  @Override
  public void close() {
    done = true;
    parts.values().forEach(part -> part.temp().close());
    parts.clear();
  }

  private record JoinedBody(List<FileBody> parts) implements ObjectBody {
    @Override
    public long length() {
      return parts.stream().mapToLong(FileBody::length).sum();
    }

    @Override
    public InputStream newStream() throws IOException {
      List<InputStream> streams = new ArrayList<>();
      for (FileBody part : parts) {
        streams.add(part.newStream());
      }
      return new SequenceInputStream(Collections.enumeration(streams));
    }

    @Override
    public void writeTo(WritableByteChannel target) throws IOException {
      for (FileBody part : parts) {
        part.writeTo(target);
      }
    }
  }
}
