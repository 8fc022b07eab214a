package io.ashlar.jmh.contest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.jmh.peer.RawFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FioTest {

  /** As fio 3.33 prints it, shortened; a warning before it. */
  private static final String OUTPUT =
      """
      fio: some warning
      {
        "fio version" : "fio-3.33",
        "jobs" : [
          {
            "jobname" : "limit",
            "error" : 0,
            "write" : {
              "iops" : 8748.5,
              "total_ios" : 1146,
              "lat_ns" : { "percentile" : {
                "50.000000" : 37000, "99.000000" : 64000, "99.900000" : 89000 } }
            },
            "sync" : {
              "total_ios" : 0,
              "lat_ns" : { "percentile" : {
                "50.000000" : 34500, "99.000000" : 109000, "99.900000" : 142000 } }
            }
          }
        ]
      }
      """;

  @Test
  void shouldAddUpTheWriteAndItsSync() throws IOException {
    assertThat(Fio.parse(OUTPUT)).contains(new Fio.Result(8748.5, 71.5, 173, 231));
  }

  @Test
  void shouldTakeTheNumbersOfReads() throws IOException {
    assertThat(Fio.parseReads(OUTPUT.replace("\"write\"", "\"read\"")))
        .isEqualTo(new Fio.Result(8748.5, 37, 64, 89));
    assertThatThrownBy(() -> Fio.parseReads(OUTPUT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("50.000000");
  }

  @Test
  void shouldRefuseARunThatFailed() {
    assertThatThrownBy(() -> Fio.parse(OUTPUT.replace("\"error\" : 0", "\"error\" : 22")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("error=22");
    assertThatThrownBy(() -> Fio.parse("fio: engine io_uring not loadable"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not loadable");
    assertThatThrownBy(() -> Fio.parse(OUTPUT.replace("50.000000", "51.000000")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("50.000000");
  }

  @Test
  void shouldKnowWhenTooLittleWasDoneToTimeIt() throws IOException {
    assertThat(Fio.parse(OUTPUT.replace("\"sync\"", "\"other\""))).isEmpty();
  }

  @Test
  void shouldMeasureWhereItIsInstalled(@TempDir Path folder) {
    Optional<Fio> fio = Fio.find(folder);
    assumeThat(fio).as("fio is installed and may use io_uring here").isPresent();
    Path file = folder.resolve("values");
    RawFile.prewritten(file, 1 << 20).close();
    Fio.Result result =
        fio.orElseThrow().run(file, 1 << 20, 8192, 2, TimeUnit.MILLISECONDS.toNanos(20));
    assertThat(result.opsPerS()).isPositive();
    assertThat(result.p50Us()).isPositive().isLessThanOrEqualTo(result.p99Us());
  }
}
