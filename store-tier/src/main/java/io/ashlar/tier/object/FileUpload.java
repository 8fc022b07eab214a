package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A multipart upload of the directory store: each part is a temporary file, and completing it puts
 * their bytes one after another. Thread: parts by any, the rest by one.
 */
final class FileUpload implements MultipartUpload {
  private final FileObjectStore store;
  private final String key;
  private final StoreDirectory directory;
  private final ConcurrentSkipListMap<Integer, FileBody> parts = new ConcurrentSkipListMap<>();
  private volatile boolean done;

  FileUpload(FileObjectStore store, String key, StoreDirectory directory) {
    this.store = store;
    this.key = key;
    this.directory = directory;
  }

  @Override
  public void part(int number, ObjectBody body) {
    CheckedObjectStore.checkPartNumber(number);
    checkOpen();
    Path temp = directory.newTempFile();
    FileBody written = store.request("put part", key, () -> write(temp, body));
    store.counters.puts.increment();
    store.counters.bytesSent.add(body.length());
    FileBody replaced = parts.put(number, written);
    if (replaced != null) {
      delete(replaced.file());
    }
  }

  private static FileBody write(Path temp, ObjectBody body) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            temp,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            StoreDirectory.FILE_MODE)) {
      body.writeTo(channel);
      if (channel.position() != body.length()) {
        throw BodyStream.endedEarly(channel.position(), body.length());
      }
    } catch (IOException | RuntimeException e) {
      delete(temp);
      throw e;
    }
    return new FileBody(temp, body.length());
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
    return new JoinedBody(List.copyOf(parts.values()));
  }

  private void checkOpen() {
    if (done) {
      throw new IllegalStateException("upload is closed: key=" + ObjectKey.shown(key));
    }
  }

  @Override
  public void close() {
    done = true;
    parts.values().forEach(part -> delete(part.file()));
    parts.clear();
  }

  private static void delete(Path temp) {
    try {
      Files.deleteIfExists(temp);
    } catch (IOException ignored) {
      // A temporary file that stays is never listed, and costs space only.
    }
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
