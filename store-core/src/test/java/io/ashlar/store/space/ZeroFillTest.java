package io.ashlar.store.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZeroFillTest {

  private final SimulatedDisk disk = new SimulatedDisk();
  private final List<Long> parts = new ArrayList<>();

  ZeroFillTest() {
    try (NativeMemory memory = NativeMemory.allocate(4 * Blocks.BYTES)) {
      memory.segment().fill((byte) 7);
      disk.write(memory.segment(), 0);
    }
  }

  private void assertZeroFrom(long block, long endBlock) {
    byte[] bytes = disk.image().bytes();
    assertThat(bytes).hasSize((int) Blocks.offset(endBlock));
    byte[] expected = new byte[bytes.length];
    Arrays.fill(expected, 0, (int) Blocks.offset(block), (byte) 7);
    assertThat(Arrays.mismatch(bytes, expected)).as("first wrong byte").isNegative();
  }

  @Test
  void shouldWriteOverWhatIsThereInPartsOfAHugePage() {
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      zeroes.fill(Blocks.offset(2), Blocks.offset(2) + (2 << 20) + Blocks.BYTES, parts::add);
    }
    assertThat(parts).containsExactly(2L << 20, (long) Blocks.BYTES);
    assertZeroFrom(2, 2 + 512 + 1);
  }

  @Test
  void shouldAllocateAndThenFillInShortPieces() {
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      long writes = disk.count(InjectedFailure.Kind.WRITE);
      assertThat(zeroes.allocate(Blocks.offset(2), Blocks.offset(200))).isTrue();
      assertThat(disk.size()).isEqualTo(Blocks.offset(200));
      assertThat(disk.count(InjectedFailure.Kind.WRITE)).isEqualTo(writes);
      zeroes.fill(Blocks.offset(2), Blocks.offset(200), ZeroFill.PIECE_BYTES, parts::add);
    }
    assertThat(parts).containsExactly(256L << 10, 256L << 10, 256L << 10, Blocks.offset(6));
    assertZeroFrom(2, 200);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EOPNOTSUPP, Errno.ENOSYS})
  void shouldSayThatTheFileSystemCannotAllocateAndAskOnce(int errno) {
    disk.failNext(InjectedFailure.Kind.ALLOCATE, errno);
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      assertThat(zeroes.allocate(Blocks.offset(4), Blocks.offset(8))).isFalse();
      assertThat(zeroes.allocate(Blocks.offset(8), Blocks.offset(16))).isFalse();
    }
    assertThat(disk.count(InjectedFailure.Kind.ALLOCATE)).isOne();
    assertThat(disk.size()).isEqualTo(Blocks.offset(4));
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG, Errno.EIO})
  void shouldPassOnWhyARangeCannotBeAllocatedAndAskAgain(int errno) {
    disk.failNext(InjectedFailure.Kind.ALLOCATE, errno);
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      assertThatExceptionOfType(NativeException.class)
          .isThrownBy(() -> zeroes.allocate(0, Blocks.offset(8)))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
      assertThat(zeroes.allocate(0, Blocks.offset(8))).isTrue();
    }
  }

  @Test
  void shouldMarkARangeAtOnce() {
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      zeroes.mark(Blocks.offset(2), Blocks.offset(2000), parts::add);
      zeroes.mark(Blocks.offset(2000), Blocks.offset(2000), parts::add); // nothing
    }
    assertThat(parts).containsExactly(Blocks.offset(1998));
    assertZeroFrom(2, 2000);
  }

  @Test
  void shouldWriteWhereTheFileSystemMarksNothingAndAskOnce() {
    disk.failNext(InjectedFailure.Kind.WRITE, Errno.EOPNOTSUPP);
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      long before = disk.count(InjectedFailure.Kind.WRITE);
      zeroes.mark(Blocks.offset(2), Blocks.offset(600), _ -> {});
      assertThat(disk.count(InjectedFailure.Kind.WRITE)).isEqualTo(before + 3); // refused, 2 parts
      zeroes.mark(Blocks.offset(600), Blocks.offset(1200), _ -> {});
      assertThat(disk.count(InjectedFailure.Kind.WRITE)).isEqualTo(before + 5);
    }
    assertZeroFrom(2, 1200);
  }

  @Test
  void shouldPassOnWhyARangeCannotBeMarked() {
    disk.failNext(InjectedFailure.Kind.WRITE, Errno.ENOSPC);
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      assertThatExceptionOfType(NativeException.class)
          .isThrownBy(() -> zeroes.mark(0, Blocks.offset(8), _ -> {}))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
    }
  }
}
