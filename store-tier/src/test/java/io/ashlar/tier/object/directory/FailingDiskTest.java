package io.ashlar.tier.object.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A directory store on a disk that fails says so, and why: never "absent", never a listing that is
 * not whole, never an exception of another kind.
 */
@Tag("campaign")
class FailingDiskTest {
  /** What the calls fail with in turn, and how their messages tell. */
  private static final Map<String, IOException> FAILURES = new LinkedHashMap<>();

  static {
    for (String reason :
        List.of(
            "Input/output error",
            "No space left on device",
            "Read-only file system",
            "File name too long",
            "Stale file handle")) {
      FAILURES.put(reason, new FileSystemException("planted", null, reason));
    }
    FAILURES.put("AccessDenied", new AccessDeniedException("planted"));
  }

  private static final byte[] OLD = bytes("as it was before");
  private static final byte[] NEW = bytes("as it should be now");
  private static final long HOUR_MS = 3_600_000;
  private static final String NOT_HIT = "not hit";

  @TempDir Path folder;

  private FailingDisk disk = FailingDisk.of(Path.of(""));
  private int runs;

  @BeforeEach
  void disk() {
    disk = FailingDisk.of(folder);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** An operation on a key that was put before, and what is right afterwards. */
  private interface Operation {
    void run(FileObjectStore store, String key);
  }

  private Map<String, Operation> operations() {
    Map<String, Operation> all = new LinkedHashMap<>();
    all.put("put", (store, key) -> store.put(key, ObjectBody.of(NEW)));
    all.put(
        "putIfAbsent",
        (store, key) ->
            assertThat(store.putIfAbsent(key + "-new", ObjectBody.of(NEW)))
                .isInstanceOf(PutResult.Stored.class));
    all.put(
        "putIfAbsent, taken",
        (store, key) ->
            assertThat(store.putIfAbsent(key, ObjectBody.of(NEW)))
                .isInstanceOf(PutResult.Refused.class));
    all.put(
        "putIfMatch",
        (store, key) ->
            assertThat(store.putIfMatch(key, ObjectBody.of(NEW), etag(store, key)))
                .isInstanceOf(PutResult.Stored.class));
    all.put("get", (store, key) -> assertThat(read(store, key)).isEqualTo(OLD));
    all.put(
        "get a range",
        (store, key) -> {
          MemorySegment target = MemorySegment.ofArray(new byte[5]);
          assertThat(store.get(key, 3, target).length()).isEqualTo(OLD.length);
        });
    all.put("head", (store, key) -> assertThat(store.head(key)).isNotNull());
    all.put(
        "list",
        (store, key) ->
            assertThat(store.listAll("").map(ObjectInfo::key)).contains(key, "a/other", "z"));
    all.put(
        "delete",
        (store, key) -> {
          DeleteResult result = store.deleteAll(List.of(key));
          if (!result.failed().isEmpty()) {
            throw new ObjectStoreException(result.failed().toString(), false, null);
          }
          assertThat(result.deleted()).containsExactly(key);
        });
    all.put("upload", (store, key) -> upload(store, key).complete());
    all.put(
        "upload if absent",
        (store, key) ->
            assertThat(upload(store, key + "-new").completeIfAbsent())
                .isInstanceOf(PutResult.Stored.class));
    all.put(
        "put of a new store",
        (store, key) -> {
          Path root = folder.resolve("new" + runs);
          try (FileObjectStore other = FileObjectStore.open(disk.path(root))) {
            other.put(key, ObjectBody.of(NEW));
          }
        });
    all.put("sweep", (store, key) -> assertThat(store.abortStaleUploads(HOUR_MS)).isZero());
    return all;
  }

  private static String etag(FileObjectStore store, String key) {
    return Objects.requireNonNull(store.head(key)).etag();
  }

  private static byte[] read(FileObjectStore store, String key) {
    try (ObjectContent content = store.get(key)) {
      MemorySegment target = MemorySegment.ofArray(new byte[(int) content.length()]);
      content.readInto(target);
      return target.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static MultipartUpload upload(FileObjectStore store, String key) {
    MultipartUpload upload = store.startUpload(key);
    try {
      upload.part(1, ObjectBody.of(NEW));
      upload.part(2, ObjectBody.of(NEW));
      return upload;
    } catch (RuntimeException e) {
      upload.close();
      throw e;
    }
  }

  @Test
  void shouldSayWhatFailedAtEachCallOfTheFileSystem() {
    int failed = 0;
    List<String> wrong = new ArrayList<>();
    List<String> reasons = List.copyOf(FAILURES.keySet());
    try (FileObjectStore store = FileObjectStore.open(disk.path(folder.resolve("store")))) {
      store.put("a/other", ObjectBody.of(OLD));
      store.put("z", ObjectBody.of(OLD));
      for (Map.Entry<String, Operation> operation : operations().entrySet()) {
        boolean hit = true;
        for (int at = 1; hit; at++) {
          String reason = reasons.get((at + operation.getKey().length()) % reasons.size());
          String outcome = outcome(store, operation.getValue(), at, reason);
          hit = !outcome.equals(NOT_HIT);
          failed += hit ? 1 : 0;
          if (hit && !outcome.isEmpty()) {
            wrong.add(operation.getKey() + ", call " + at + ", " + reason + ": " + outcome);
          }
        }
      }
    }
    System.out.printf(
        "a directory store on a failing disk: calls that failed %d, wrong %d%n",
        failed, wrong.size());
    assertThat(wrong).isEmpty();
    assertThat(failed).isGreaterThan(100);
  }

  /** Fails one call; returns that it was not hit, nothing if all was right, or what was wrong. */
  private String outcome(FileObjectStore store, Operation operation, int at, String reason) {
    String key = "a/b/key" + runs++;
    int[] calls = {0};
    String[] failing = {""};
    store.put(key, ObjectBody.of(OLD));
    disk.fault(call -> {
      if (++calls[0] == at) {
        failing[0] = call;
        return FAILURES.get(reason);
      }
      return null;
    });
    String wrong = thrownBy(() -> operation.run(store, key), reason);
    disk.fault(call -> null);
    // Whatever failed, the store works.
    store.put(key, ObjectBody.of(NEW));
    assertThat(read(store, key)).isEqualTo(NEW);
    assertThat(read(store, "z")).isEqualTo(OLD);
    store.deleteAll(List.of(key, key + "-new"));
    if (calls[0] < at) {
      return NOT_HIT;
    }
    return wrong.isEmpty() ? "" : failing[0] + ": " + wrong;
  }

  /** Returns what is wrong with what was thrown: nothing, if it tells the reason. */
  private static String thrownBy(Runnable work, String reason) {
    try {
      work.run();
      return ""; // it went on without what failed, and was right
    } catch (ObjectNotFoundException e) {
      return "not found";
    } catch (ObjectStoreException e) {
      return String.valueOf(e.getMessage()).contains(reason) ? "" : "does not say why: " + e;
    } catch (RuntimeException | AssertionError e) {
      return e.toString();
    }
  }

  @Test
  void shouldSayWhatFailedWhenItIsOpened() {
    FileObjectStore.open(folder.resolve("store")).close();
    for (String where : List.of("store", "new")) {
      List<String> wrong = new ArrayList<>();
      boolean hit = true;
      for (int at = 1; hit; at++) {
        int[] left = {at};
        disk.fault(call -> --left[0] == 0 ? FAILURES.get("Input/output error") : null);
        Path root = disk.path(folder.resolve(where + (where.equals("new") ? at : "")));
        String outcome = thrownBy(() -> FileObjectStore.open(root).close(), "Input/output error");
        hit = left[0] <= 0;
        if (!outcome.isEmpty()) {
          wrong.add(where + ", call " + at + ": " + outcome);
        }
      }
      disk.fault(call -> null);
      assertThat(wrong).isEmpty();
    }
  }

  /** What every operation says when the directory is not there any more. */
  private void assertAllSay(String reason, FileObjectStore store) {
    Map<String, Operation> all = operations();
    all.remove("put of a new store"); // it makes the directory
    all.forEach((name, operation) ->
        assertThatThrownBy(() -> operation.run(store, "a/key"))
            .as(name)
            .isInstanceOf(ObjectStoreException.class)
            .isNotInstanceOf(ObjectNotFoundException.class)
            .hasMessageMatching(reason));
    assertThatThrownBy(() -> store.get("never/there"))
        .isInstanceOf(ObjectStoreException.class)
        .isNotInstanceOf(ObjectNotFoundException.class)
        .hasMessageMatching(reason);
    assertThatThrownBy(() -> store.list("never/", null))
        .isInstanceOf(ObjectStoreException.class)
        .hasMessageMatching(reason);
  }

  @Test
  void shouldSayThatTheDirectoryIsGone() throws IOException {
    Path root = folder.resolve("store");
    Path away = folder.resolve("away");
    try (FileObjectStore store = FileObjectStore.open(root)) {
      store.put("a/key", ObjectBody.of(OLD));
      Files.move(root, away);
      assertAllSay(".*is gone.*", store);
      Files.createDirectory(root); // as a mount point is, without what was mounted
      assertAllSay(".*is gone.*", store);
      FileObjectStore.open(root).close(); // another store
      assertAllSay(".*is gone.*", store);
      try (Stream<Path> files = Files.walk(root)) {
        assertThat(files.filter(Files::isRegularFile)).isEmpty();
      }
      Files.delete(root.resolve(".ashlar/temp"));
      Files.delete(root.resolve(".ashlar/locks"));
      Files.delete(root.resolve(".ashlar"));
      Files.delete(root);
      Files.writeString(root, "a file");
      assertAllSay(".*(is gone|Not a directory).*", store);
      Files.delete(root);
      Files.move(away, root);
      assertThat(read(store, "a/key")).isEqualTo(OLD);
      store.put("a/key", ObjectBody.of(NEW));
      assertThat(read(store, "a/key")).isEqualTo(NEW);
    }
  }

  @Test
  void shouldSayThatANameIsTooLong() {
    String key = "a/" + "\u00e9".repeat(100);
    try (FileObjectStore store = FileObjectStore.open(folder.resolve("store"))) {
      for (Map.Entry<String, Operation> operation : operations().entrySet()) {
        if (operation.getKey().equals("list") || operation.getKey().equals("sweep")) {
          continue; // no key is named
        }
        assertThatThrownBy(() -> operation.getValue().run(store, key))
            .as(operation.getKey())
            .isInstanceOf(ObjectStoreException.class)
            .isNotInstanceOf(ObjectNotFoundException.class)
            .hasMessageContaining("too long");
      }
    }
  }

  /** Fails the syncs from the {@code first}th on. */
  private void failSyncs(int first) {
    int[] left = {first};
    disk.fault(
        call -> call.equals("force") && --left[0] <= 0 ? FAILURES.get("Input/output error") : null);
  }

  private static void assertFails(Runnable request) {
    assertThatThrownBy(request::run)
        .isInstanceOf(ObjectStoreException.class)
        .isNotInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("Input/output error");
  }

  /** It is there for all to see, and a power cut may take it away: nobody is told that it is. */
  @Test
  void shouldShowNothingThatIsNotDurableAfterItsDirectoryCouldNotBeSynced() {
    Map<String, Operation> writes = operations();
    writes.keySet().retainAll(List.of("put", "putIfAbsent", "putIfMatch"));
    assertThat(writes).hasSize(3);
    writes.forEach((name, write) -> {
      try (FileObjectStore store =
          FileObjectStore.open(disk.path(folder.resolve("unsynced" + runs++)))) {
        store.put("a/key", ObjectBody.of(OLD));
        String shown = name.equals("putIfAbsent") ? "a/key-new" : "a/key";
        failSyncs(2); // the temporary file's succeeds
        assertFails(() -> write.run(store, "a/key"));
        assertFails(() -> store.head(shown));
        assertFails(() -> read(store, shown));
        assertFails(() -> assertThat(store.listAll("").toList()).isNotNull());
        assertFails(() -> store.deleteAll(List.of("a/another")));
        assertFails(() -> store.putIfAbsent(shown, ObjectBody.of(NEW)));
        disk.fault(call -> null);
        assertThat(read(store, shown)).as(name).isEqualTo(NEW);
        failSyncs(1);
        assertThat(store.head(shown)).as(name).isNotNull(); // nothing is left to be synced
        disk.fault(call -> null);
      }
    });
  }

  /** What is gone for all to see may come back: it is not told to be deleted. */
  @Test
  void shouldNotSayThatAKeyIsDeletedWhoseDirectoryCouldNotBeSynced() {
    try (FileObjectStore store = FileObjectStore.open(disk.path(folder.resolve("store")))) {
      store.put("a/key", ObjectBody.of(OLD));
      failSyncs(1);
      assertThat(store.deleteAll(List.of("a/key")).failed()).containsOnlyKeys("a/key");
      assertFails(() -> store.deleteAll(List.of("a/key")));
      disk.fault(call -> null);
      assertThat(store.deleteAll(List.of("a/key")).deleted()).containsExactly("a/key");
    }
  }

  /** Whoever is refused acts on what is there. */
  @Test
  void shouldNotRefuseForAnObjectWhoseDirectoryCannotBeSynced() {
    try (FileObjectStore store = FileObjectStore.open(disk.path(folder.resolve("store")))) {
      store.put("a/key", ObjectBody.of(OLD));
      failSyncs(2); // the temporary file's succeeds
      assertFails(() -> store.putIfAbsent("a/key", ObjectBody.of(NEW)));
      disk.fault(call -> null);
      assertThat(store.putIfAbsent("a/key", ObjectBody.of(NEW)))
          .isInstanceOf(PutResult.Refused.class);
    }
  }

  private int syncs(Runnable write) {
    int[] syncs = {0};
    disk.fault(call -> {
      syncs[0] += call.equals("force") ? 1 : 0;
      return null;
    });
    write.run();
    disk.fault(call -> null);
    return syncs[0];
  }

  /** A power cut may take away a directory whose own name was not synced, with all in it. */
  @Test
  void shouldSyncTheObjectEachDirectoryThatItMakesAndTheOneOfTheObject() {
    try (FileObjectStore store = FileObjectStore.open(disk.path(folder.resolve("store")))) {
      store.put("z", ObjectBody.of(OLD)); // the first makes the file of the owner
      assertThat(syncs(() -> store.put("a/b/key", ObjectBody.of(OLD)))).isEqualTo(1 + 2 + 1);
      assertThat(syncs(() -> store.put("a/b/other", ObjectBody.of(OLD)))).isEqualTo(1 + 1);
      assertThat(syncs(() -> store.putIfAbsent("c/key", ObjectBody.of(OLD)))).isEqualTo(1 + 1 + 1);
      assertThat(syncs(() -> store.deleteAll(List.of("a/b/key", "a/b/other")))).isEqualTo(1);
    }
  }
}
