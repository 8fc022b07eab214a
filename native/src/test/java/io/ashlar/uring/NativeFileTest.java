package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeFileTest {
  private static final int BLOCK = 4096;

  @TempDir Path folder;

  private NativeMemory memory;
  private MemorySegment buffer;

  @BeforeEach
  void allocate() {
    memory = NativeMemory.allocate(64 * BLOCK);
    buffer = memory.segment();
  }

  @AfterEach
  void free() {
    memory.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldReadWhatWasWritten(boolean direct) {
    try (NativeFile file = create("data", direct)) {
      fill(buffer.asSlice(0, 4 * BLOCK), 7);
      file.write(buffer.asSlice(0, 4 * BLOCK), 2 * BLOCK, true);
      MemorySegment target = buffer.asSlice(8 * BLOCK, 4 * BLOCK);
      assertThat(file.read(target, 2 * BLOCK)).isEqualTo(4 * BLOCK);
      assertThat(target.mismatch(buffer.asSlice(0, 4 * BLOCK))).isEqualTo(-1);
      assertThat(file.size()).isEqualTo(6 * BLOCK);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldReadFewerBytesOnlyAtTheEndOfTheFile(boolean direct) {
    try (NativeFile file = create("data", direct)) {
      file.write(buffer.asSlice(0, 2 * BLOCK), 0, false);
      assertThat(file.read(buffer.asSlice(0, 4 * BLOCK), BLOCK)).isEqualTo(BLOCK);
      assertThat(file.read(buffer.asSlice(0, BLOCK), 2 * BLOCK)).isZero();
      file.truncate(BLOCK + 100);
      assertThat(file.read(buffer.asSlice(0, 4 * BLOCK), 0)).isEqualTo(BLOCK + 100);
      assertThat(file.read(buffer.asSlice(0, BLOCK), BLOCK)).isEqualTo(100);
    }
  }

  @Test
  void shouldGatherSourcesInOrder() {
    try (NativeFile file = create("data", true);
        IoVectors sources = new IoVectors(4)) {
      for (int i : new int[] {5, 1, 2}) {
        fill(buffer.asSlice((long) i * BLOCK, BLOCK), i);
        sources.add(buffer.asSlice((long) i * BLOCK, BLOCK));
      }
      file.write(sources, 0, true);
      file.read(buffer.asSlice(10 * BLOCK, 3 * BLOCK), 0);
      assertThat(buffer.get(JAVA_BYTE, 10 * BLOCK)).isEqualTo((byte) 5);
      assertThat(buffer.get(JAVA_BYTE, 11 * BLOCK)).isEqualTo((byte) 1);
      assertThat(buffer.get(JAVA_BYTE, 12 * BLOCK)).isEqualTo((byte) 2);
    }
  }

  @Test
  void shouldRefuseTheLockWhileAnotherDescriptorHoldsIt() {
    create("data", false).close();
    try (NativeFile second = open("data")) {
      try (NativeFile first = open("data")) {
        assertThat(first.tryLock(false)).isTrue();
        assertThat(second.tryLock(false)).isFalse();
        assertThat(second.tryLock(true)).isFalse();
      }
      assertThat(second.tryLock(true)).isTrue();
      try (NativeFile third = open("data")) {
        assertThat(third.tryLock(true)).isTrue();
        assertThat(third.tryLock(false)).isFalse();
      }
    }
  }

  @Test
  void shouldRefuseASymbolicLink() throws IOException {
    create("data", false).close();
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("data"));
    assertThatExceptionOfType(NativeException.class)
        .isThrownBy(() -> open("link"))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ELOOP))
        .withMessageContaining("open failed: ELOOP (Too many levels of symbolic links), file=");
  }

  @Test
  void shouldCreateFilesThatOnlyTheirOwnerReads() throws IOException {
    try (NativeFile file = create("data", false)) {
      assertThat(file.stat().mode() & 0777).isEqualTo(0600);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path("data"))))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void shouldNotCreateOverAnExistingFile() {
    create("data", false).close();
    assertErrno(Errno.EEXIST, () -> create("data", false));
  }

  @Test
  void shouldReportAMissingFile() {
    assertErrno(Errno.ENOENT, () -> open("data"));
    assertErrno(Errno.ENOENT, () -> NativeFile.stat(path("data")));
  }

  @Test
  void shouldReportAWriteToAReadOnlyFile() {
    create("data", false).close();
    try (NativeFile file = NativeFile.open(path("data"), NativeFile.Mode.READ_ONLY, false)) {
      assertErrno(Errno.EBADF, () -> file.write(buffer.asSlice(0, BLOCK), 0, false));
    }
  }

  @Test
  void shouldTellTheSameFileFromAReplacedOne() throws IOException {
    try (NativeFile file = create("data", false)) {
      assertThat(file.stat().sameFile(NativeFile.stat(path("data")))).isTrue();
      Files.move(path("data"), path("moved"));
      create("data", false).close();
      assertThat(file.stat().sameFile(NativeFile.stat(path("data")))).isFalse();
      assertThat(file.stat().sameFile(NativeFile.stat(path("moved")))).isTrue();
    }
  }

  @Test
  void shouldReportPowersOfTwoAsAlignment() {
    try (NativeFile file = create("data", true)) {
      FileStat stat = file.stat();
      assertThat(Integer.bitCount(stat.memoryAlignment())).isOne();
      assertThat(Integer.bitCount(stat.offsetAlignment())).isOne();
    }
  }

  @Test
  void shouldReadZeroesFromAPunchedHole() {
    try (NativeFile file = create("data", true)) {
      fill(buffer.asSlice(0, 4 * BLOCK), 9);
      file.write(buffer.asSlice(0, 4 * BLOCK), 0, true);
      file.punchHole(BLOCK, 2 * BLOCK);
      file.sync();
      file.dataSync();
      assertThat(file.size()).isEqualTo(4 * BLOCK);
      file.read(buffer.asSlice(0, 4 * BLOCK), 0);
      assertThat(buffer.get(JAVA_LONG_UNALIGNED, BLOCK)).isZero();
      assertThat(buffer.get(JAVA_BYTE, 3 * BLOCK)).isEqualTo((byte) 9);
    }
    NativeFile.syncDirectory(folder);
  }

  @Test
  void shouldKeepAnInterruptPendingAndFinishTheCall() {
    try (NativeFile file = create("data", false)) {
      Thread.currentThread().interrupt();
      file.write(buffer.asSlice(0, BLOCK), 0, true);
      assertThat(file.read(buffer.asSlice(0, BLOCK), 0)).isEqualTo(BLOCK);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void shouldRefuseEveryCallAfterClose() {
    NativeFile file = create("data", false);
    file.close();
    file.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> file.read(buffer, 0))
        .withMessageContaining("already closed: file=");
    assertThatIllegalStateException().isThrownBy(() -> file.write(buffer, 0, false));
    assertThatIllegalStateException().isThrownBy(file::sync);
    assertThatIllegalStateException().isThrownBy(file::fd);
  }

  @Test
  void shouldRefuseBuffersOnTheHeap() {
    try (NativeFile file = create("data", false)) {
      MemorySegment heap = MemorySegment.ofArray(new byte[BLOCK]);
      assertThatThrownBy(() -> file.write(heap, 0, false))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> file.read(heap, 0)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> file.read(buffer.asReadOnly(), 0))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Tag("campaign") // warm needs the second compiler, which the fast tests go without
  @Test
  void shouldAllocateNothingPerCallOnceWarm() {
    try (NativeFile file = create("data", false);
        IoVectors sources = new IoVectors(2)) {
      MemorySegment source = buffer.asSlice(0, BLOCK);
      MemorySegment other = buffer.asSlice(4 * BLOCK, BLOCK);
      long bytes =
          AllocatedBytes.perRound(() -> {
            sources.clear();
            sources.add(source);
            sources.add(other);
            file.write(sources, 0, false);
            file.write(source, 0, false);
            file.read(other, 0);
          });
      assertThat(bytes).isZero();
    }
  }

  private NativeFile create(String name, boolean direct) {
    return NativeFile.open(path(name), NativeFile.Mode.CREATE, direct);
  }

  private NativeFile open(String name) {
    return NativeFile.open(path(name), NativeFile.Mode.READ_WRITE, false);
  }

  private Path path(String name) {
    return folder.resolve(name);
  }

  private static void fill(MemorySegment target, int value) {
    target.fill((byte) value);
  }

  private static void assertErrno(int errno, ThrowingCallable call) {
    assertThatExceptionOfType(NativeException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
