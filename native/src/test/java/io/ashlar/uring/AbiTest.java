package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.uring.libc.Libc;
import io.ashlar.uring.libc.iovec;
import io.ashlar.uring.libc.statx;
import io.ashlar.uring.liburing.__kernel_timespec;
import io.ashlar.uring.liburing.io_uring;
import io.ashlar.uring.liburing.io_uring_cq;
import io.ashlar.uring.liburing.io_uring_cqe;
import io.ashlar.uring.liburing.io_uring_getevents_arg;
import io.ashlar.uring.liburing.io_uring_params;
import io.ashlar.uring.liburing.io_uring_sq;
import io.ashlar.uring.liburing.io_uring_sqe;
import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares sizes, offsets and constants with those of the C compiler, where there is one and
 * liburing's headers are installed.
 */
class AbiTest {
  private static final Path HEADER = Path.of("/usr/include/liburing.h");

  @TempDir Path folder;

  /** A C expression, and the value that this library takes it to have. */
  private final Map<String, Long> expected = new LinkedHashMap<>();

  @Test
  void shouldAgreeWithTheCompiler() throws Exception {
    assumeTrue(Files.exists(HEADER), "liburing's headers are not installed");
    expectLayouts();
    expectSubmissionEntry();
    expectConstants();
    assertThat(evaluate()).containsExactlyEntriesOf(expected);
  }

  private void expectLayouts() {
    layout("struct iovec", iovec.layout(), "iov_base", "iov_len");
    layout(
        "struct statx",
        statx.layout(),
        "stx_nlink",
        "stx_mode",
        "stx_ino",
        "stx_size",
        "stx_dev_major",
        "stx_dev_minor",
        "stx_dio_mem_align",
        "stx_dio_offset_align");
    layout("struct io_uring", io_uring.layout(), "sq", "cq", "flags", "ring_fd", "features");
    layout(
        "struct io_uring_sq",
        io_uring_sq.layout(),
        "khead",
        "ktail",
        "kring_entries",
        "kflags",
        "array",
        "sqes");
    layout("struct io_uring_cq", io_uring_cq.layout(), "khead", "ktail", "kring_entries", "cqes");
    layout("struct io_uring_cqe", io_uring_cqe.layout(), "user_data", "res", "flags");
    layout("struct io_uring_sqe", io_uring_sqe.layout(), "opcode", "flags", "fd", "user_data");
    layout("struct io_uring_params", io_uring_params.layout(), "flags", "features", "cq_entries");
    layout(
        "struct io_uring_getevents_arg",
        io_uring_getevents_arg.layout(),
        "sigmask",
        "sigmask_sz",
        "ts");
    layout("struct __kernel_timespec", __kernel_timespec.layout(), "tv_sec", "tv_nsec");
    expectLiburing();
    assertThat(LibcCalls.ERRNO_OFFSET)
        .isEqualTo(
            Linker.Option.captureStateLayout().byteOffset(PathElement.groupElement("errno")));
    expect("sizeof(struct iovec)", LibcCalls.IOVEC_BYTES);
    expect("offsetof(struct iovec, iov_len)", LibcCalls.IOVEC_LENGTH_OFFSET);
    expect("sizeof(struct io_uring_getevents_arg)", WaitArgument.BYTES);
    expect("offsetof(struct io_uring_getevents_arg, sigmask_sz)", WaitArgument.SIGMASK_SIZE_OFFSET);
    expect("offsetof(struct io_uring_getevents_arg, ts)", WaitArgument.TIMESPEC_OFFSET);
    expect("sizeof(struct io_uring_cqe)", RingMemory.COMPLETION_BYTES);
    expect("offsetof(struct io_uring_cqe, res)", RingMemory.RESULT_OFFSET);
    expect("offsetof(struct io_uring_cqe, flags)", RingMemory.COMPLETION_FLAGS_OFFSET);
  }

  private void expectLiburing() {
    expect("sizeof(struct statx)", FileStat.STATX_BYTES);
    expect("offsetof(struct statx, stx_nlink)", FileStat.STX_NLINK_OFFSET);
    expect("offsetof(struct statx, stx_mode)", FileStat.STX_MODE_OFFSET);
    expect("offsetof(struct statx, stx_ino)", FileStat.STX_INO_OFFSET);
    expect("offsetof(struct statx, stx_size)", FileStat.STX_SIZE_OFFSET);
    expect("offsetof(struct statx, stx_dev_major)", FileStat.STX_DEV_MAJOR_OFFSET);
    expect("offsetof(struct statx, stx_dev_minor)", FileStat.STX_DEV_MINOR_OFFSET);
    expect("offsetof(struct statx, stx_dio_mem_align)", FileStat.STX_DIO_MEM_ALIGN_OFFSET);
    expect("offsetof(struct statx, stx_dio_offset_align)", FileStat.STX_DIO_OFFSET_ALIGN_OFFSET);
    expect("sizeof(struct io_uring)", LiburingKernel.RING_BYTES);
    expect("offsetof(struct io_uring, ring_fd)", LiburingKernel.RING_FD_OFFSET);
    expect("offsetof(struct io_uring, sq)", 0);
    expect("offsetof(struct io_uring_sq, khead)", LiburingKernel.SQ_KHEAD_OFFSET);
    expect("offsetof(struct io_uring_sq, ktail)", LiburingKernel.SQ_KTAIL_OFFSET);
    expect("offsetof(struct io_uring_sq, kring_entries)", LiburingKernel.SQ_KRING_ENTRIES_OFFSET);
    expect("offsetof(struct io_uring_sq, kflags)", LiburingKernel.SQ_KFLAGS_OFFSET);
    expect("offsetof(struct io_uring_sq, array)", LiburingKernel.SQ_ARRAY_OFFSET);
    expect("offsetof(struct io_uring_sq, sqes)", LiburingKernel.SQ_SQES_OFFSET);
    expect("offsetof(struct io_uring, cq)", LiburingKernel.CQ_OFFSET);
    expect("offsetof(struct io_uring_cq, khead)", LiburingKernel.CQ_KHEAD_OFFSET);
    expect("offsetof(struct io_uring_cq, ktail)", LiburingKernel.CQ_KTAIL_OFFSET);
    expect("offsetof(struct io_uring_cq, kring_entries)", LiburingKernel.CQ_KRING_ENTRIES_OFFSET);
    expect("offsetof(struct io_uring_cq, cqes)", LiburingKernel.CQ_CQES_OFFSET);
    expect("sizeof(struct io_uring_params)", LiburingKernel.PARAMS_BYTES);
    expect("offsetof(struct io_uring_params, flags)", LiburingKernel.PARAMS_FLAGS_OFFSET);
    expect("offsetof(struct io_uring_params, features)", LiburingKernel.PARAMS_FEATURES_OFFSET);
  }

  private void expectSubmissionEntry() {
    expect("sizeof(struct io_uring_sqe)", SubmissionEntry.BYTES);
    expect("offsetof(struct io_uring_sqe, opcode)", SubmissionEntry.OPCODE_OFFSET);
    expect("offsetof(struct io_uring_sqe, flags)", SubmissionEntry.FLAGS_OFFSET);
    expect("offsetof(struct io_uring_sqe, fd)", SubmissionEntry.FD_OFFSET);
    expect("offsetof(struct io_uring_sqe, off)", SubmissionEntry.OFF_OFFSET);
    expect("offsetof(struct io_uring_sqe, addr)", SubmissionEntry.ADDR_OFFSET);
    expect("offsetof(struct io_uring_sqe, len)", SubmissionEntry.LEN_OFFSET);
    expect("offsetof(struct io_uring_sqe, rw_flags)", SubmissionEntry.OPERATION_FLAGS_OFFSET);
    expect("offsetof(struct io_uring_sqe, fsync_flags)", SubmissionEntry.OPERATION_FLAGS_OFFSET);
    expect("offsetof(struct io_uring_sqe, poll32_events)", SubmissionEntry.OPERATION_FLAGS_OFFSET);
    expect("offsetof(struct io_uring_sqe, user_data)", SubmissionEntry.USER_DATA_OFFSET);
    expect("offsetof(struct io_uring_sqe, buf_index)", SubmissionEntry.BUF_INDEX_OFFSET);
    expect("IORING_OP_NOP", SubmissionEntry.OP_NOP);
    expect("IORING_OP_WRITEV", SubmissionEntry.OP_WRITEV);
    expect("IORING_OP_FSYNC", SubmissionEntry.OP_FSYNC);
    expect("IORING_OP_POLL_ADD", SubmissionEntry.OP_POLL_ADD);
    expect("IORING_OP_ASYNC_CANCEL", SubmissionEntry.OP_ASYNC_CANCEL);
    expect("IORING_OP_READ", SubmissionEntry.OP_READ);
    expect("IOSQE_FIXED_FILE", SubmissionEntry.FLAG_FIXED_FILE);
    expect("IORING_FSYNC_DATASYNC", SubmissionEntry.FSYNC_DATASYNC);
    expect("IORING_POLL_ADD_MULTI", SubmissionEntry.POLL_ADD_MULTI);
    expect("POLLIN", SubmissionEntry.POLLIN);
  }

  private void expectConstants() {
    expect("IORING_ENTER_GETEVENTS", RingKernel.ENTER_GETEVENTS);
    expect("IORING_ENTER_EXT_ARG", RingKernel.ENTER_EXT_ARG);
    expect("IORING_CQE_F_MORE", Uring.COMPLETION_MORE);
    expect("IORING_SQ_CQ_OVERFLOW", RingMemory.SQ_CQ_OVERFLOW);
    expect("IORING_SQ_TASKRUN", RingMemory.SQ_TASKRUN);
    expect("RWF_DSYNC", Uring.RWF_DSYNC);
    expect("RWF_DSYNC", Libc.RWF_DSYNC());
    expect("O_NOFOLLOW", NativeFile.O_NOFOLLOW);
    expect("AT_SYMLINK_NOFOLLOW", NativeFile.AT_SYMLINK_NOFOLLOW);
    expect("O_DIRECT", Libc.O_DIRECT());
    expect("O_CLOEXEC", Libc.O_CLOEXEC());
    expect("O_DIRECTORY", Libc.O_DIRECTORY());
    expect("LOCK_EX", Libc.LOCK_EX());
    expect("EWOULDBLOCK", Errno.EAGAIN);
    for (int errno = 1; errno <= 133; errno++) {
      String name = Errno.name(errno);
      if (!name.startsWith("errno ")) {
        expect(name, errno);
      }
    }
  }

  private void layout(String type, GroupLayout layout, String... fields) {
    expect("sizeof(" + type + ")", layout.byteSize());
    for (String field : fields) {
      expect(
          "offsetof(" + type + ", " + field + ")",
          layout.byteOffset(PathElement.groupElement(field)));
    }
  }

  private void expect(String expression, long value) {
    Long before = expected.put(expression, value);
    assertThat(before).as(expression).isIn(null, value);
  }

  private Map<String, Long> evaluate() throws Exception {
    StringBuilder program =
        new StringBuilder("#define _GNU_SOURCE 1\n")
            .append("#include <errno.h>\n#include <fcntl.h>\n#include <poll.h>\n")
            .append("#include <stddef.h>\n#include <stdio.h>\n#include <sys/file.h>\n")
            .append("#include <sys/stat.h>\n#include <sys/uio.h>\n#include <liburing.h>\n")
            .append("int main(void) {\n");
    expected
        .keySet()
        .forEach(expression ->
            program.append("printf(\"%lld\\n\", (long long)(").append(expression).append("));\n"));
    Path source = folder.resolve("abi.c");
    Path binary = folder.resolve("abi");
    Files.writeString(source, program.append("return 0; }\n"));
    run("gcc", "-w", "-o", binary.toString(), source.toString());
    String[] lines = run(binary.toString()).strip().split("\n");
    Map<String, Long> actual = new LinkedHashMap<>();
    int line = 0;
    for (String expression : expected.keySet()) {
      actual.put(expression, Long.parseLong(lines[line++]));
    }
    return actual;
  }

  private static String run(String... command) throws Exception {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException missing) {
      assumeTrue(false, command[0] + " is not installed");
      throw missing;
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
