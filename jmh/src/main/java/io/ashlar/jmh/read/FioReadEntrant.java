package io.ashlar.jmh.read;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Fio;
import io.ashlar.jmh.contest.Round;
import io.ashlar.jmh.machine.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

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
  protected Round takeRound() {
    Round round = Fio.round(slices);
    slices.clear();
    return round;
  }

  @Override
  public String note() {
    return deviceNote()
        + fio.version()
        + (cell.virtual() ? ", io_uring, 256 at once" : ", psync")
        + ", O_DIRECT";
  }

  @Override
  public void close() {}
}
