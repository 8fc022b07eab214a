package io.ashlar.jmh;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** fio that reads a file which another contestant has written. Thread: the main thread. */
final class FioReadEntrant extends ReadEntrant {

  private final Fio fio;
  private final Path file;
  private final long fileBytes;
  private final ReadCell cell;
  private final List<Fio.Result> slices = new ArrayList<>();

  FioReadEntrant(Fio fio, Path file, long fileBytes, ReadCell cell, Optional<Device> device) {
    super("limit/fio", Contestant.Kind.LIMIT, device);
    this.fio = fio;
    this.file = file;
    this.fileBytes = fileBytes;
    this.cell = cell;
  }

  @Override
  long read(long durationNs) {
    int jobs = cell.virtual() ? 1 : cell.threads();
    int depth = cell.virtual() ? Math.min(256, cell.threads()) : 1;
    Fio.Result result = fio.runReads(file, fileBytes, cell.valueBytes(), jobs, depth, durationNs);
    slices.add(result);
    return Math.round(result.opsPerS() * durationNs / TimeUnit.SECONDS.toNanos(1));
  }

  @Override
  Round takeRound() {
    Round round =
        new Round(
            median(slices, Fio.Result::opsPerS),
            median(slices, Fio.Result::p50Us),
            median(slices, Fio.Result::p99Us),
            median(slices, Fio.Result::p999Us),
            Double.NaN);
    slices.clear();
    return round;
  }

  private static double median(List<Fio.Result> slices, ToDoubleFunction<Fio.Result> number) {
    return median(slices.stream().mapToDouble(number).toArray());
  }

  @Override
  String note() {
    return deviceNote()
        + fio.version()
        + (cell.virtual() ? ", io_uring, 256 at once" : ", psync")
        + ", O_DIRECT";
  }

  @Override
  public void close() {}
}
