package io.ashlar.jmh.contest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.Processes;
import io.ashlar.jmh.peer.RawFile;
import io.ashlar.jmh.result.Spread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * fio, where it is installed: what the device gives a program that knows nothing of Java.
 *
 * <p>Thread: any.
 */
public final class Fio {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PROBE_BYTES = 64 << 10;
  private static final int BLOCK_BYTES = 4096;
  private static final long PROBE_NS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int ATTEMPTS = 5;

  private final String version;

  private Fio(String version) {
    this.version = version;
  }

  /**
   * What one run measured. An operation is a write and its fdatasync, which fio times apart: a
   * percentile is the sum of both's.
   */
  public record Result(double opsPerS, double p50Us, double p99Us, double p999Us) {}

  /**
   * Finds fio and tries it out; says on standard error why it is left out, if so.
   *
   * @param folder where a small file can be written.
   */
  public static Optional<Fio> find(Path folder) {
    Path work = Folders.make(folder, "fio-");
    try {
      Fio fio = new Fio(Processes.output(List.of("fio", "--version"), 10).strip());
      Path file = work.resolve("probe");
      RawFile.prewritten(file, PROBE_BYTES).close();
      var _ = fio.run(file, PROBE_BYTES, BLOCK_BYTES, 1, PROBE_NS);
      return Optional.of(fio);
    } catch (IOException | RuntimeException e) {
      System.err.println("fio is left out of the limits: " + e.getMessage());
      return Optional.empty();
    } finally {
      Folders.remove(work);
    }
  }

  /** Returns the round that some slices make: the median of each number. */
  public static Round round(List<Result> slices) {
    return new Round(
        median(slices, Result::opsPerS),
        median(slices, Result::p50Us),
        median(slices, Result::p99Us),
        median(slices, Result::p999Us),
        Double.NaN,
        Double.NaN);
  }

  private static double median(List<Result> slices, ToDoubleFunction<Result> number) {
    return Spread.median(slices.stream().mapToDouble(number).toArray());
  }

  /** Returns its name and version. */
  public String version() {
    return version;
  }

  /**
   * Overwrites blocks of a file at random with direct I/O, each followed by fdatasync.
   *
   * @param file written ahead, {@code fileBytes} bytes or more.
   * @param blockBytes bytes of one write.
   * @param jobs processes that write at once.
   * @param durationNs how long; longer when too few operations ended in it to time one.
   */
  public Result run(Path file, long fileBytes, long blockBytes, int jobs, long durationNs) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Optional<Result> result = runOnce(file, fileBytes, blockBytes, jobs, durationNs << attempt);
      if (result.isPresent()) {
        return result.get();
      }
    }
    throw new IllegalStateException("fio ended no operation in time: file=" + file);
  }

  /**
   * Reads blocks of a file at random with direct I/O.
   *
   * @param jobs processes that read at once, each {@code depth} blocks at once.
   * @param durationNs how long.
   */
  public Result runReads(
      Path file, long fileBytes, long blockBytes, int jobs, int depth, long durationNs) {
    List<String> command = new ArrayList<>(common(file, fileBytes, blockBytes, jobs, durationNs));
    command.addAll(
        List.of(
            "--rw=randread",
            "--ioengine=" + (depth == 1 ? "psync" : "io_uring"),
            "--iodepth=" + depth));
    try {
      return parseReads(Processes.output(command, TimeUnit.NANOSECONDS.toSeconds(durationNs) + 60));
    } catch (IOException e) {
      throw new UncheckedIOException("fio failed: " + e.getMessage(), e);
    }
  }

  private static List<String> common(
      Path file, long fileBytes, long blockBytes, int jobs, long durationNs) {
    return List.of(
        "fio",
        "--name=limit",
        "--filename=" + file,
        "--size=" + fileBytes,
        "--bs=" + blockBytes,
        "--numjobs=" + jobs,
        "--runtime=" + TimeUnit.NANOSECONDS.toMillis(durationNs) + "ms",
        "--direct=1",
        "--allow_file_create=0",
        "--time_based",
        "--norandommap",
        "--randrepeat=0",
        "--group_reporting",
        "--lat_percentiles=1",
        "--clat_percentiles=0",
        "--percentile_list=50:99:99.9",
        "--output-format=json");
  }

  private static Optional<Result> runOnce(
      Path file, long fileBytes, long blockBytes, int jobs, long durationNs) {
    List<String> command = new ArrayList<>(common(file, fileBytes, blockBytes, jobs, durationNs));
    command.addAll(
        List.of(
            "--rw=randwrite",
            "--ioengine=io_uring",
            "--fdatasync=1",
            "--overwrite=1",
            "--refill_buffers=0"));
    try {
      return parse(Processes.output(command, TimeUnit.NANOSECONDS.toSeconds(durationNs) + 60));
    } catch (IOException e) {
      throw new UncheckedIOException("fio failed: " + e.getMessage(), e);
    }
  }

  /** Reads what fio printed about reads. */
  static Result parseReads(String output) throws IOException {
    JsonNode read = job(output).path("read");
    JsonNode latencies = read.path("lat_ns").path("percentile");
    return new Result(
        read.path("iops").asDouble(),
        micros(latencies, "50.000000"),
        micros(latencies, "99.000000"),
        micros(latencies, "99.900000"));
  }

  private static JsonNode job(String output) throws IOException {
    int start = output.indexOf('{');
    if (start < 0) {
      throw new IOException("fio printed no JSON: output=" + output.strip());
    }
    JsonNode job = JSON.readTree(output.substring(start)).path("jobs").path(0);
    if (job.path("error").asInt(-1) != 0) {
      throw new IOException("fio failed: error=" + job.path("error"));
    }
    return job;
  }

  /**
   * Reads what fio printed; a line before the JSON text, such as a warning, is skipped.
   *
   * @return absent if no write, or no sync, was timed.
   * @throws IOException if fio failed.
   */
  static Optional<Result> parse(String output) throws IOException {
    JsonNode job = job(output);
    JsonNode write = job.path("write");
    JsonNode writes = write.path("lat_ns").path("percentile");
    JsonNode syncs = job.path("sync").path("lat_ns").path("percentile");
    if (writes.isEmpty() || syncs.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Result(
            write.path("iops").asDouble(),
            micros(writes, syncs, "50.000000"),
            micros(writes, syncs, "99.000000"),
            micros(writes, syncs, "99.900000")));
  }

  private static double micros(JsonNode writes, JsonNode syncs, String percentile)
      throws IOException {
    return micros(writes, percentile) + micros(syncs, percentile);
  }

  private static double micros(JsonNode latencies, String percentile) throws IOException {
    JsonNode number = latencies.path(percentile);
    if (!number.isNumber()) {
      throw new IOException("fio printed no such percentile: percentile=" + percentile);
    }
    return number.asDouble() / 1e3;
  }
}
