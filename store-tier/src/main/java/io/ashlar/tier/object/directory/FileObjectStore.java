package io.ashlar.tier.object.directory;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.CheckedObjectStore;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An object store in a local directory: the embedded default, for one machine. The layout is that
 * of {@code StoreDirectory}.
 *
 * <ol>
 *   <li>An object is written to a temporary file and synced. It gets its name by {@code rename}
 *       (put, put-if-match) or {@code link} (put-if-absent, which fails if the name is taken). Then
 *       the directory is synced. A crash leaves the old object or the new one, and at most a
 *       temporary file that no listing shows. The next store that writes there, and each
 *       collection, deletes those of killed writers ({@code TempFiles}).
 *   <li>Put, put-if-match and delete of a key exclude each other by a lock that holds between
 *       processes too. Put-if-absent needs none: a name that exists only goes away under the lock.
 *   <li>The etag is inode, modification time and length (see {@code FileVersion}): asking for it
 *       reads no bytes.
 *   <li>If the directory cannot be synced after a change, the write fails and its outcome is
 *       unknown. The object is visible, but a power cut may remove it. It cannot be withdrawn, as
 *       others may have acted on it. So this store answers later requests only after a sync has
 *       succeeded: reading back shows only what is durable. File systems with a journal refuse
 *       every later sync when a change of a directory was lost.
 *   <li>Files are 0600 and directories 0700; no link below the root is ever followed.
 *   <li>A failure of the file system is reported with its reason, and is never an answer. A key is
 *       called absent only while the directory is the one that was opened, not after it was moved
 *       or unmounted.
 * </ol>
 *
 * <p>Network file systems without atomic link and advisory locks are not supported. Thread: any.
 */
public final class FileObjectStore extends CheckedObjectStore {
  private static final int UNSTABLE_READS_MAX = 100;
  private static final long TIME_STEP_NS = 1_000;

  private final StoreDirectory directory;
  private final KeyLocks locks;
  private final TempFiles temps;

  /** Directories that could not be synced after a change, each with a token of that failure. */
  private final Map<Path, Object> unsynced = new ConcurrentHashMap<>();

  private FileObjectStore(StoreDirectory directory) {
    this.directory = directory;
    this.locks = new KeyLocks(directory);
    this.temps = new TempFiles(directory.temp());
  }

  /**
   * Opens the store in {@code root}, creating the directory if need be.
   *
   * @param root the directory; only object stores may write below it.
   * @return the store; the caller closes it.
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
  protected ObjectContent doGet(String key, long offset, long length) throws IOException {
    settle();
    counters.gets.increment();
    for (int attempt = 0; attempt < UNSTABLE_READS_MAX; attempt++) {
      FileVersion version = current(key);
      if (version == null) {
        directory.checkPresent();
        throw new ObjectNotFoundException(toString(), key, null);
      }
      Path file = directory.resolve(key);
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
      boolean lent = false;
      try {
        // The same version before and after the open is the version of what was opened.
        if (version.equals(FileVersion.read(file))) {
          channel.position(offset);
          InputStream stream = Channels.newInputStream(channel);
          long count = Math.min(length, version.length() - offset);
          lent = true;
          return new ObjectContent(version.info(key), count, stream);
        }
      } finally {
        if (!lent) {
          channel.close();
        }
      }
    }
    throw failed("get", key, true, new IOException("it is being replaced all the time"));
  }

  @Override
  protected Optional<ObjectInfo> doHead(String key) throws IOException {
    settle();
    counters.heads.increment();
    FileVersion version = current(key);
    if (version == null) {
      directory.checkPresent();
    }
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
  protected PutResult.Stored doPut(String key, ObjectBody body) throws IOException {
    return withTemp(body, temp -> locks.locked(key, () -> replace(key, temp)));
  }

  @Override
  protected PutResult doPutIfMatch(String key, ObjectBody body, String etag) throws IOException {
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
  protected PutResult doPutIfAbsent(String key, ObjectBody body) throws IOException {
    return withTemp(body, temp -> link(key, temp));
  }

  private interface TempUse<T> {
    T apply(Path temp) throws IOException;
  }

  private <T> T withTemp(ObjectBody body, TempUse<T> use) throws IOException {
    counters.puts.increment();
    directory.checkPresent();
    try (TempFiles.Temp temp = temps.take()) {
      temp.write(body, true);
      counters.bytesSent.add(body.length());
      return use.apply(temp.file());
    }
  }

  private void syncParent(Path file) throws IOException {
    boolean synced = false;
    try {
      directory.syncParent(file);
      synced = true;
    } finally {
      if (!synced) {
        unsynced.put(StoreDirectory.parent(file), new Object());
      }
    }
  }

  /** Syncs what an earlier sync left, before any request is answered. */
  private void settle() throws IOException {
    for (Map.Entry<Path, Object> left : List.copyOf(unsynced.entrySet())) {
      StoreDirectory.sync(left.getKey());
      unsynced.remove(left.getKey(), left.getValue()); // unless it has failed again meanwhile
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
    syncParent(file);
    return new PutResult.Stored(written.etag());
  }

  private PutResult link(String key, Path temp) throws IOException {
    Path file = directory.resolve(key);
    FileVersion written = version(temp);
    directory.createParents(file);
    try {
      Files.createLink(file, temp);
    } catch (FileAlreadyExistsException taken) {
      // A refused caller acts on the object that is there, so that must be durable too.
      syncParent(file);
      return new PutResult.Refused(false);
    }
    syncParent(file);
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
  protected ObjectPage doList(String prefix, @Nullable String startAfter) throws IOException {
    settle();
    counters.lists.increment();
    return new FileWalk(directory, prefix, startAfter).page();
  }

  @Override
  protected DeleteResult doDelete(Set<String> keys) throws IOException {
    settle(); // a key that is gone already counts as deleted
    counters.deletes.increment();
    directory.checkPresent();
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
          syncParent(entry.getValue());
        }
        deleted.add(entry.getKey());
      } catch (IOException e) {
        failed.put(entry.getKey(), e.toString());
      }
    }
    return new DeleteResult(deleted, failed);
  }

  @Override
  protected MultipartUpload doStartUpload(String key) throws IOException {
    counters.puts.increment();
    directory.checkPresent();
    return new FileUpload(this, key, temps);
  }

  /** Deletes what killed writers have left; their age does not matter. */
  @Override
  public long abortStaleUploads(long olderThanMs) {
    checkStaleAge(olderThanMs);
    return request(
        "sweep",
        "temporary files",
        () -> {
          directory.checkPresent();
          return temps.sweep();
        });
  }

  @Override
  protected void doClose() {
    temps.close();
  }

  @Override
  public String toString() {
    return "file:" + directory.root();
  }
}
