package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskCompletion;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.SimulatedDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What can come between the two looks at the index (L21): a blob is replaced while its extent is
 * read, and others already lie there; or its bytes really are damaged.
 */
@Timeout(60)
class ReadScenariosTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);
  private static final BlobId ID = new BlobId(3, 4);
  private static final int LENGTH = 5000;
  private static final int PIECES_LENGTH = (1 << 20) + 5000;
  private static final int SHORT_OF = 4096;

  private final AtomicReference<Runnable> beforeRead = new AtomicReference<>(() -> {});
  private final AtomicInteger readsToSpoil = new AtomicInteger();
  private final AtomicInteger readsToShorten = new AtomicInteger();
  private final AtomicLong addressReadTo = new AtomicLong();

  private <T> T watched(Class<T> type, Object real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              boolean read =
                  method.getName().equals("submitRead")
                      || (method.getName().equals("read") && arguments.length == 3);
              if (read) {
                addressReadTo.set(((MemorySegment) arguments[0]).address());
                beforeRead.getAndSet(() -> {}).run();
              }
              try {
                Object result = method.invoke(real, shortening(arguments));
                if (read && result instanceof Long bytes && isShortened()) {
                  result = bytes - SHORT_OF;
                }
                if (read && readsToSpoil.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                  ((MemorySegment) arguments[0]).set(ValueLayout.JAVA_BYTE, 33, (byte) 99);
                }
                return result instanceof DiskQueue queue ? watched(DiskQueue.class, queue) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private boolean isShortened() {
    return readsToShorten.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
  }

  /** Lets a queue's completions tell of fewer bytes than were read, while that is asked for. */
  private Object @Nullable [] shortening(Object @Nullable [] arguments) {
    if (arguments != null && arguments.length > 0 && arguments[0] instanceof DiskCompletion told) {
      arguments[0] =
          (DiskCompletion)
              (token, failure, bytes) ->
                  told.onComplete(
                      token, failure, bytes > SHORT_OF && isShortened() ? bytes - SHORT_OF : bytes);
    }
    return arguments;
  }

  private DataFileStore open() {
    DataFileStore store =
        StoreOpening.open(
            "test", watched(Disk.class, new SimulatedDisk()), CONFIG, StoreEnvironment.system());
    put(store, 1);
    return store;
  }

  private static void put(DataFileStore store, int content) {
    put(store, content, LENGTH);
  }

  private static void put(DataFileStore store, int content, int length) {
    byte[] value = new byte[length];
    value[0] = (byte) content;
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(ID, MemorySegment.ofArray(value));
      epoch.commit();
    }
  }

  /** Lets the next read of an extent find something else there, as its blob was replaced. */
  private void replaceDuringTheNextRead(DataFileStore store) {
    readsToSpoil.set(1);
    beforeRead.set(() -> put(store, 2));
  }

  private static byte lease(DataFileStore store) {
    try (BlobLease lease = store.get(ID)) {
      assertThat(lease).isNotNull();
      return lease.value().get(ValueLayout.JAVA_BYTE, 0);
    }
  }

  private static byte copy(DataFileStore store, MemorySegment target) {
    assertThat(store.get(ID, target)).isEqualTo(LENGTH);
    return target.get(ValueLayout.JAVA_BYTE, 0);
  }

  private static byte copyLater(DataFileStore store) {
    MemorySegment target = MemorySegment.ofArray(new byte[LENGTH]);
    try {
      assertThat(store.getAsync(ID, target).join()).isEqualTo(LENGTH);
    } catch (CompletionException e) {
      if (e.getCause() instanceof CorruptionException damage) {
        throw damage;
      }
      throw e;
    }
    return target.get(ValueLayout.JAVA_BYTE, 0);
  }

  private static byte copyInABatch(DataFileStore store) {
    List<Byte> seen = new ArrayList<>();
    store.getAll(
        List.of(ID),
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId id, MemorySegment value) {
            seen.add(value.get(ValueLayout.JAVA_BYTE, 0));
          }

          @Override
          public void onFailed(int index, BlobId id, StoreException failure) {
            throw failure;
          }
        });
    assertThat(seen).hasSize(1);
    return seen.getFirst();
  }

  @Test
  void shouldReadAgainWhatWasReplacedWhileItWasCopied() throws IOException {
    try (DataFileStore store = open();
        Arena arena = Arena.ofConfined()) {
      replaceDuringTheNextRead(store);
      assertThat(copy(store, arena.allocate(8192, 4096))).isEqualTo((byte) 2);
      put(store, 1);
      replaceDuringTheNextRead(store);
      assertThat(copy(store, MemorySegment.ofArray(new byte[LENGTH]))).isEqualTo((byte) 2);
      put(store, 1);
      replaceDuringTheNextRead(store);
      ByteArrayOutputStream written = new ByteArrayOutputStream();
      assertThat(store.get(ID, Channels.newChannel(written))).isEqualTo(LENGTH);
      assertThat(written.toByteArray()[0]).isEqualTo((byte) 2);
    }
  }

  private static byte copyPart(DataFileStore store) {
    MemorySegment target = MemorySegment.ofArray(new byte[100]);
    assertThat(store.get(ID, 0, 100, target)).isEqualTo(100);
    return target.get(ValueLayout.JAVA_BYTE, 0);
  }

  private static long copyToAChannel(DataFileStore store) {
    try {
      return store.get(ID, Channels.newChannel(new ByteArrayOutputStream()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void shouldReadAgainWhatWasReplacedWhileAPartOfItWasCopied() {
    try (DataFileStore store = open()) {
      replaceDuringTheNextRead(store);
      assertThat(copyPart(store)).isEqualTo((byte) 2);
    }
  }

  @Test
  void shouldReadAgainWhatWasReplacedWhileItsTableOrItsPiecesWereRead() {
    try (DataFileStore store = open()) {
      put(store, 1, PIECES_LENGTH);
      readsToSpoil.set(1);
      beforeRead.set(() -> put(store, 2, PIECES_LENGTH)); // the table is read first
      assertThat(copyPart(store)).isEqualTo((byte) 2);
      beforeRead.set(() ->
          beforeRead.set(() -> {
            readsToSpoil.set(1);
            put(store, 3, PIECES_LENGTH);
          }));
      assertThat(copyPart(store)).isEqualTo((byte) 3);
      assertThat(readsToSpoil).hasValue(0);
    }
  }

  /** The bytes may be right, as those of an earlier read are, and are no proof then. */
  @Test
  void shouldTakeAReadThatIsShortForDamageWhateverTheForm() {
    try (DataFileStore store = open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment aligned = arena.allocate(8192, 4096);
      MemorySegment heap = MemorySegment.ofArray(new byte[LENGTH]);
      for (Runnable form :
          List.<Runnable>of(
              () -> lease(store),
              () -> copy(store, aligned),
              () -> copy(store, heap),
              () -> copyLater(store),
              () -> copyInABatch(store),
              () -> copyPart(store),
              () -> copyToAChannel(store))) {
        readsToShorten.set(1);
        assertThatThrownBy(form::run)
            .isInstanceOf(CorruptionException.class)
            .hasMessageContaining("end of file");
        assertThat(readsToShorten).hasValue(0);
        form.run();
      }
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @Test
  void shouldReadAgainWhatWasReplacedWhileItWasLent() {
    try (DataFileStore store = open()) {
      replaceDuringTheNextRead(store);
      assertThat(lease(store)).isEqualTo((byte) 2);
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @Test
  void shouldReadAgainForAListenerWhatWasReplaced() {
    try (DataFileStore store = open()) {
      replaceDuringTheNextRead(store);
      assertThat(copyLater(store)).isEqualTo((byte) 2);
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @Test
  void shouldReadAgainInABatchWhatWasReplaced() {
    try (DataFileStore store = open()) {
      replaceDuringTheNextRead(store);
      assertThat(copyInABatch(store)).isEqualTo((byte) 2);
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @Test
  void shouldReadIntoShorterAndLongerPartsOfOneTarget() {
    BlobId longer = new BlobId(8, 8);
    try (DataFileStore store = open();
        Arena arena = Arena.ofConfined()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(longer, MemorySegment.ofArray(new byte[12_000]));
        epoch.commit();
      }
      MemorySegment target = arena.allocate(16_384, 4096);
      for (int i = 0; i < 3; i++) {
        assertThat(store.get(ID, target.asSlice(0, 8192))).isEqualTo(LENGTH);
        assertThatCode(() -> assertThat(store.get(longer, target)).isEqualTo(12_000))
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void shouldCopyALongBlobFromABufferWhileThereAreSomeToSpare() {
    BlobId longer = new BlobId(8, 8);
    byte[] value = new byte[40_000];
    new Random(1).nextBytes(value);
    try (DataFileStore store = open();
        Arena arena = Arena.ofConfined()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(longer, MemorySegment.ofArray(value));
        epoch.commit();
      }
      MemorySegment target = arena.allocate(40_960, 4096);
      List<BlobLease> leases = new ArrayList<>();
      for (int taken = 0; taken < 8; taken++) { // of twelve buffers
        target.fill((byte) 0);
        assertThat(store.get(longer, target)).isEqualTo(40_000);
        assertThat(target.asSlice(0, 40_000).mismatch(MemorySegment.ofArray(value))).isEqualTo(-1);
        boolean copied = addressReadTo.get() != target.address();
        assertThat(copied).as("taken=%d", taken).isEqualTo(taken < 6);
        leases.add(store.get(longer));
      }
      leases.forEach(BlobLease::close);
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @Test
  void shouldFindDamageWhateverTheForm() {
    try (DataFileStore store = open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment aligned = arena.allocate(8192, 4096);
      MemorySegment heap = MemorySegment.ofArray(new byte[LENGTH]);
      for (Runnable form :
          List.<Runnable>of(
              () -> lease(store),
              () -> copy(store, aligned),
              () -> copy(store, heap),
              () -> copyLater(store),
              () -> copyInABatch(store))) {
        readsToSpoil.set(1);
        assertThatThrownBy(form::run)
            .isInstanceOfSatisfying(
                CorruptionException.class,
                damage -> {
                  assertThat(damage.id()).isEqualTo(ID);
                  assertThat(damage.block()).isPositive();
                  assertThat(damage.expected()).isNotEqualTo(damage.actual()).isNotNegative();
                });
        readsToSpoil.set(0);
        form.run(); // the damage was not in the file
      }
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }
}
