package io.ashlar.store.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.ashlar.uring.Errno;
import io.ashlar.uring.FaultyCalls;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import io.ashlar.uring.NativeMemory;
import io.ashlar.uring.Uring;
import io.ashlar.uring.UringSupport;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What disks on real files do beyond the contract, with both engines. */
class FileDiskTest {
  private static final int BLOCK = Disk.BLOCK_BYTES;
  private static final long SECOND_NS = 1_000_000_000;

  @TempDir Path folder;

  private NativeMemory memory;
  private MemorySegment block;

  /** The engines of a disk on a file. */
  enum Engine {
    POSIX,
    URING;

    Disk over(DataFileHandle file) {
      if (this == POSIX) {
        return new PosixDisk(file, "test");
      }
      assumeTrue(UringSupport.probe().available(), UringSupport.probe()::reason);
      return new UringDisk(file, "test");
    }
  }

  @BeforeEach
  void allocate() {
    memory = NativeMemory.allocate(64 * BLOCK);
    block = memory.segment().asSlice(0, BLOCK);
  }

  @AfterEach
  void free() {
    memory.close();
  }

  @ParameterizedTest
  @EnumSource
  void shouldDeliverTheFailureOfAnOperation(Engine engine) {
    create().close();
    DataFileHandle readOnly = DataFileHandle.open(path(), NativeFile.Mode.READ_ONLY, true);
    List<NativeException> failures = new ArrayList<>();
    try (Disk disk = engine.over(readOnly);
        DiskQueue queue = disk.openQueue(2)) {
      queue.submitWrite(Sources.of(block), 0, false, 1);
      queue.submitRead(block, block.byteSize(), -BLOCK, 2);
      await(queue, (token, failure, bytes) -> failures.add(failure));
      assertThat(failures)
          .extracting(NativeException::errno)
          .containsExactlyInAnyOrder(Errno.EBADF, Errno.EINVAL);
      queue.submitRead(block, block.byteSize(), 0, 3);
      await(queue, (token, failure, bytes) -> assertThat(failure).isNull());
    }
  }

  @Tag("campaign") // warm needs the second compiler, which the fast tests go without
  @ParameterizedTest
  @EnumSource
  void shouldAllocateNothingPerOperationOnceWarm(Engine engine) {
    try (Disk disk = engine.over(buffered());
        DiskQueue queue = disk.openQueue(4);
        IoVectors sources = new IoVectors(2)) {
      MemorySegment other = memory.segment().asSlice(4 * BLOCK, BLOCK);
      IoVectors one = Sources.of(block);
      DiskCompletion handler = (token, failure, bytes) -> assertThatNoFailure(failure);
      long bytes =
          allocatedPerRound(() -> {
            sources.clear();
            sources.add(block);
            sources.add(other);
            queue.submitWrite(sources, 0, false, 1);
            queue.submitWrite(one, 8 * BLOCK, false, 2);
            queue.submitRead(other, other.byteSize(), 16 * BLOCK, 3);
            while (queue.inFlight() > 0) {
              queue.await(handler, SECOND_NS);
            }
            queue.wakeUp();
            queue.await(handler, SECOND_NS);
            queue.poll(handler);
          });
      assertThat(bytes).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseHeapMemoryInAQueue(Engine engine) {
    MemorySegment heap = MemorySegment.ofArray(new byte[BLOCK]);
    try (Disk disk = engine.over(create());
        DiskQueue queue = disk.openQueue(1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> queue.submitRead(heap, heap.byteSize(), 0, 1));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> queue.submitRead(block.asReadOnly(), BLOCK, 0, 1));
      assertThat(queue.inFlight()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseToCloseBeforeItsQueues(Engine engine) {
    try (Disk disk = engine.over(create())) {
      try (DiskQueue queue = disk.openQueue(1)) {
        assertThatIllegalStateException()
            .isThrownBy(disk::close)
            .withMessageContaining("before its queues: open=1");
        assertThat(queue.inFlight()).isZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldMakeDurableWritesToABufferedFile(Engine engine) {
    try (Disk disk = engine.over(buffered());
        DiskQueue queue = disk.openQueue(1);
        IoVectors sources = new IoVectors(1)) {
      sources.add(block.fill((byte) 3));
      disk.write(sources, 0, true);
      queue.submitWrite(sources, BLOCK, true, 1);
      await(queue, (token, failure, bytes) -> assertThat(bytes).isEqualTo(BLOCK));
      assertThat(disk.size()).isEqualTo(2 * BLOCK);
    }
  }

  @Test
  void shouldRefuseAFileSystemWithoutDirectIoAndLeaveNoFileBehind() {
    assertThatExceptionOfType(NativeException.class)
        .isThrownBy(
            () -> DataFileHandle.open(path(), NativeFile.Mode.CREATE, false, this::refusingDirect))
        .withMessageContaining("refuses direct I/O")
        .withMessageContaining("allow buffered I/O");
    assertThat(path()).doesNotExist();
  }

  @Test
  void shouldOpenAFileSystemWithoutDirectIoWhenBufferedIsAllowed() {
    try (DataFileHandle file = buffered()) {
      assertThat(file.buffered()).isTrue();
    }
    try (DataFileHandle file =
        DataFileHandle.open(path(), NativeFile.Mode.READ_WRITE, true, this::refusingDirect)) {
      assertThat(file.buffered()).isTrue();
    }
  }

  @Test
  void shouldLockTheFileItself() { // L23
    create().close();
    try (DataFileHandle first = openExisting();
        DataFileHandle second = openExisting()) {
      assertThat(first.tryLock(false)).isTrue();
      assertThat(second.tryLock(false)).isFalse();
      assertThat(second.tryLock(true)).isFalse();
    }
    try (DataFileHandle third = openExisting()) {
      assertThat(third.tryLock(false)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldGiveTheLockBackWhenItsDiskIsClosed(Engine engine) { // L23
    create().close();
    for (int round = 0; round < 5; round++) {
      DataFileHandle file = openExisting();
      assertThat(file.tryLock(false)).isTrue();
      try (Disk disk = engine.over(file);
          DiskQueue queue = disk.openQueue(1)) {
        queue.submitWrite(Sources.of(block), 0, false, 1);
        await(queue, (token, failure, bytes) -> assertThatNoFailure(failure));
      }
      try (DataFileHandle next = openExisting()) {
        assertThat(next.tryLock(false)).isTrue();
      }
    }
  }

  /**
   * The kernel then drops the lock when it has done with the ring: here the file's other holder.
   */
  @Test
  void shouldKeepTheLockWhileAWriteOfItsRingMayStillLand() { // L24
    create().close();
    FaultyCalls calls = new FaultyCalls(FaultyCalls.Fault.errno(Long.MAX_VALUE, Errno.EIO, 0));
    AtomicReference<@Nullable NativeFile> holder = new AtomicReference<>();
    DataFileHandle file =
        DataFileHandle.open(
            path(),
            NativeFile.Mode.READ_WRITE,
            true,
            (path, mode, direct) -> {
              NativeFile opened = NativeFile.open(path, mode, direct);
              holder.set(opened);
              return opened;
            });
    assertThat(file.tryLock(false)).isTrue();
    NativeFile open = Objects.requireNonNull(holder.get());
    try (Uring other = Uring.open(1)) {
      other.registerFiles(open.fd()); // as the ring that is torn down
      Disk disk = new UringDisk(file, "test", calls::openRing);
      DiskQueue queue = disk.openQueue(1);
      queue.submitWrite(Sources.of(block), 0, false, 1);
      assertThat(queue.poll((token, failure, bytes) -> assertThatNoFailure(failure))).isOne();
      calls.killRing(); // the poll for wakeUp is in flight
      assertThatIllegalStateException().isThrownBy(queue::close).withMessageContaining("in flight");
      disk.close();
      try (DataFileHandle next = openExisting()) {
        assertThat(next.tryLock(false)).isFalse();
      }
    }
  }

  @Test
  void shouldMoveToAFreeNameWhereTheFileSystemOnlyLinks() throws IOException {
    Path from = Files.writeString(folder.resolve("from"), "from");
    Path taken = Files.writeString(folder.resolve("taken"), "taken");
    assertThat(DataFileHandle.linkToFreeName(from, taken)).isFalse();
    assertThat(Files.readString(taken)).isEqualTo("taken");
    assertThat(DataFileHandle.linkToFreeName(from, path())).isTrue();
    assertThat(from).doesNotExist();
    assertThat(Files.readString(path())).isEqualTo("from");
  }

  @Test
  void shouldFindTheRangesThatWereNeverWritten() {
    List<Long> holes = new ArrayList<>();
    try (Disk disk = new PosixDisk(create(), "test")) {
      disk.write(block, 0);
      disk.truncate(16 * BLOCK);
      disk.write(block, 8 * BLOCK);
      disk.forEachHole((offset, bytes) -> holes.addAll(List.of(offset / BLOCK, bytes / BLOCK)));
      assertThat(holes).containsExactly(1L, 7L, 9L, 7L);
      disk.write(block.fill((byte) 0), 9 * BLOCK);
      disk.punchHole(0, BLOCK);
      holes.clear();
      disk.forEachHole((offset, bytes) -> holes.addAll(List.of(offset / BLOCK, bytes / BLOCK)));
      assertThat(holes).containsExactly(0L, 8L, 10L, 6L);
    }
  }

  @Test
  void shouldNoticeThatItsPathNamesAnotherFile() throws IOException { // L23
    try (DataFileHandle file = create()) {
      assertThat(file.isAtItsPath()).isTrue();
      Files.move(path(), folder.resolve("moved"));
      assertThat(file.isAtItsPath()).isFalse();
      Files.createFile(path());
      assertThat(file.isAtItsPath()).isFalse();
    }
  }

  @Test
  void shouldOpenTheEngineThatIsSupportedAndSayWhy() {
    try (Disk disk = Disks.over(DataFileHandle.open(path(), NativeFile.Mode.CREATE, true), true)) {
      boolean uring = UringSupport.probe().available();
      assertThat(disk.engine()).isEqualTo(uring ? "io_uring" : "pread/pwrite");
      assertThat(disk.engineReason()).contains(UringSupport.probe().reason());
    }
  }

  private DataFileHandle create() {
    return DataFileHandle.open(path(), NativeFile.Mode.CREATE, true);
  }

  private DataFileHandle openExisting() {
    return DataFileHandle.open(path(), NativeFile.Mode.READ_WRITE, true);
  }

  private DataFileHandle buffered() {
    return DataFileHandle.open(path(), NativeFile.Mode.CREATE, true, this::refusingDirect);
  }

  /** As a file system that knows no direct I/O: creates the file, then refuses. */
  private NativeFile refusingDirect(Path path, NativeFile.Mode mode, boolean direct) {
    NativeFile file = NativeFile.open(path, mode, false);
    if (direct) {
      file.close();
      throw new NativeException("open", Errno.EINVAL, "file=" + path);
    }
    return file;
  }

  private Path path() {
    return folder.resolve("data");
  }

  private static void await(DiskQueue queue, DiskCompletion handler) {
    while (queue.inFlight() > 0) {
      queue.await(handler, SECOND_NS);
    }
  }

  private static void assertThatNoFailure(@Nullable Exception failure) {
    if (failure != null) {
      throw new AssertionError(failure);
    }
  }

  /**
   * Returns the bytes that the best of many windows allocates per round: the earlier ones pay for
   * warming up. Ends at the first window without any.
   */
  private static long allocatedPerRound(Runnable code) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int rounds = 4000;
    long least = Long.MAX_VALUE;
    long start = System.nanoTime();
    while (least > 0 && System.nanoTime() - start < 20 * SECOND_NS) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int round = 0; round < rounds; round++) {
        code.run();
      }
      least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / rounds);
    }
    return least;
  }
}
