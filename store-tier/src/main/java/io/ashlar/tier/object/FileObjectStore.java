package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An object store in a local directory: the embedded default, for one machine. The layout is that
 * of {@code StoreDirectory}.
 *
 * <ol>
 *   <li>An object is written to a temporary file, synced, and given its name by {@code rename}
 *       (put, put-if-match) or {@code link} (put-if-absent, which fails if the name is taken); then
 *       the directory is synced. A crash leaves the old object or the new one, and at most a
 *       temporary file that no listing shows.
 *   <li>Put, put-if-match and delete of a key exclude each other by a lock that holds between
 *       processes too. Put-if-absent needs none: a name that exists only goes away under the lock.
 *   <li>The etag is inode, modification time and length (see {@code FileVersion}): asking for it
 *       reads no bytes.
 *   <li>Files are 0600 and directories 0700; no link below the root is ever followed.
 * </ol>
 *
 * <p>Network file systems without atomic link and advisory locks are not supported. Thread: any.
 */
public final class FileObjectStore extends CheckedObjectStore {
  private static final int UNSTABLE_READS_MAX = 100;
  private static final long TIME_STEP_NS = 1_000;

  private final StoreDirectory directory;
  private final KeyLocks locks;

  private FileObjectStore(StoreDirectory directory) {
    this.directory = directory;
    this.locks = new KeyLocks(directory);
  }

  /**
   * Opens the store in {@code root}, creating the directory if need be.
   *
   * @throws ObjectStoreException if it cannot be created or is not a directory.
   */
  public static FileObjectStore open(Path root) {
    try {
      return new FileObjectStore(StoreDirectory.open(root));
    } catch (IOException e) {
      throw new ObjectStoreException(
          "opening a directory store failed: directory=" + root + ", reason=" + e, false, e);
    }
  }

  @Override
  ObjectContent doGet(String key, long offset, long length) throws IOException {
    counters.gets.increment();
    if (current(key) == null) {
      throw new ObjectNotFoundException(toString(), key, null);
    }
    Path file = directory.resolve(key);
    for (int attempt = 0; attempt < UNSTABLE_READS_MAX; attempt++) {
      FileVersion version = FileVersion.read(file);
      if (version == null) {
        throw new ObjectNotFoundException(toString(), key, null);
      }
      boolean ranged = offset > 0 || length != Long.MAX_VALUE;
      if (ranged && offset >= version.length()) {
        throw noByteAt(key, offset, version.length());
      }
      FileChannel channel;
      try {
        channel =
            FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
      } catch (NoSuchFileException replaced) {
        continue;
      }
      // The same version before and after the open is the version of what was opened.
      if (version.equals(FileVersion.read(file))) {
        channel.position(offset);
        InputStream stream = Channels.newInputStream(channel);
        long count = Math.min(length, version.length() - offset);
        return new ObjectContent(version.info(key), count, stream);
      }
      channel.close();
    }
    throw failed("get", key, true, new IOException("it is being replaced all the time"));
  }

  @Override
  Optional<ObjectInfo> doHead(String key) throws IOException {
    counters.heads.increment();
    FileVersion version = current(key);
    return Optional.ofNullable(version).map(v -> v.info(key));
  }

  private @Nullable FileVersion current(String key) throws IOException {
    try {
      return FileVersion.read(directory.resolve(key));
    } catch (NotDirectoryException otherKey) {
      return null;
    }
  }

  @Override
  PutResult.Stored doPut(String key, ObjectBody body) throws IOException {
    return withTemp(body, temp -> locks.locked(key, () -> replace(key, temp)));
  }

  @Override
  PutResult doPutIfMatch(String key, ObjectBody body, String etag) throws IOException {
    return withTemp(
        body,
        temp ->
            locks.<PutResult>locked(
                key,
                () -> {
                  FileVersion current = current(key);
                  return current != null && current.etag().equals(etag)
                      ? replace(key, temp)
                      : new PutResult.Refused(false);
                }));
  }

  @Override
  PutResult doPutIfAbsent(String key, ObjectBody body) throws IOException {
    return withTemp(body, temp -> link(key, temp));
  }

  private interface TempUse<T> {
    T apply(Path temp) throws IOException;
  }

  private <T> T withTemp(ObjectBody body, TempUse<T> use) throws IOException {
    counters.puts.increment();
    Path temp = directory.newTempFile();
    try {
      try (FileChannel channel =
          FileChannel.open(
              temp,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              StoreDirectory.FILE_MODE)) {
        body.writeTo(channel);
        if (channel.position() != body.length()) {
          throw BodyStream.endedEarly(channel.position(), body.length());
        }
        channel.force(true);
      }
      counters.bytesSent.add(body.length());
      return use.apply(temp);
    } finally {
      Files.deleteIfExists(temp);
    }
  }

  /** Renames the temporary file over the object. The key is locked. */
  private PutResult.Stored replace(String key, Path temp) throws IOException {
    Path file = directory.resolve(key);
    FileVersion old = FileVersion.read(file);
    FileVersion written = version(temp);
    if (old == null && Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("other keys lie below this one: file=" + file);
    }
    if (old != null && written.mtimeNs() <= old.mtimeNs()) {
      Files.setLastModifiedTime(
          temp, FileTime.from(old.mtimeNs() + TIME_STEP_NS, TimeUnit.NANOSECONDS));
      written = version(temp);
    }
    directory.createParents(file);
    Files.move(temp, file, StandardCopyOption.ATOMIC_MOVE);
    directory.syncParent(file);
    return new PutResult.Stored(written.etag());
  }

  private PutResult link(String key, Path temp) throws IOException {
    Path file = directory.resolve(key);
    FileVersion written = version(temp);
    directory.createParents(file);
    try {
      Files.createLink(file, temp);
    } catch (FileAlreadyExistsException taken) {
      // Whoever is refused acts on what is there, so that must be durable too.
      directory.syncParent(file);
      return new PutResult.Refused(false);
    }
    directory.syncParent(file);
    return new PutResult.Stored(written.etag());
  }

  private static FileVersion version(Path temp) throws IOException {
    FileVersion version = FileVersion.read(temp);
    if (version == null) {
      throw new NoSuchFileException(temp.toString());
    }
    return version;
  }

  @Override
  ObjectPage doList(String prefix, @Nullable String startAfter) throws IOException {
    counters.lists.increment();
    return new FileWalk(directory, prefix, startAfter).page();
  }

  @Override
  DeleteResult doDelete(Set<String> keys) {
    counters.deletes.increment();
    List<String> deleted = new ArrayList<>();
    Map<String, String> failed = new LinkedHashMap<>();
    Map<String, Path> changed = new LinkedHashMap<>();
    for (String key : keys) {
      try {
        Path file = directory.resolve(key);
        boolean removed =
            locks.locked(key, () -> FileVersion.read(file) != null && Files.deleteIfExists(file));
        if (removed) {
          changed.put(key, file);
        } else {
          deleted.add(key);
        }
      } catch (IOException e) {
        failed.put(key, e.toString());
      }
    }
    Set<Path> synced = new LinkedHashSet<>();
    for (Map.Entry<String, Path> entry : changed.entrySet()) {
      try {
        if (synced.add(entry.getValue().getParent())) {
          directory.syncParent(entry.getValue());
        }
        deleted.add(entry.getKey());
      } catch (IOException e) {
        failed.put(entry.getKey(), e.toString());
      }
    }
    return new DeleteResult(deleted, failed);
  }

  @Override
  MultipartUpload doStartUpload(String key) throws IOException {
    counters.puts.increment();
    return new FileUpload(this, key, directory);
  }

  @Override
  void doClose() {
    // Nothing is held between requests.
  }

  @Override
  public String toString() {
    return "file:" + directory.root();
  }
}
