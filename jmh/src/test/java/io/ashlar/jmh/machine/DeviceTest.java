package io.ashlar.jmh.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.jmh.peer.RawFile;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceTest {

  private static final long BYTES = 1 << 20;

  @Test
  void shouldReadTheSeventhNumberAsSectorsOf512Bytes() {
    String line = " 2915127   103251 338542216   771836  8846894  1414307 1266837304  1513509  0\n";
    assertThat(Device.parseBytesWritten(line)).isEqualTo(1_266_837_304L * 512);
  }

  @Test
  @Tag("campaign")
  void shouldCountWhatIsWrittenInTheFolder(@TempDir Path folder) {
    Optional<Device> device = Device.under(folder);
    assumeThat(device).as("the folder is on a block device").isPresent();
    Device counted = device.orElseThrow();
    counted.flush();
    long before = counted.bytesWritten();
    RawFile.prewritten(folder.resolve("values"), BYTES).close();
    counted.flush();
    assertThat(counted.bytesWritten() - before).isGreaterThanOrEqualTo(BYTES);
  }
}
