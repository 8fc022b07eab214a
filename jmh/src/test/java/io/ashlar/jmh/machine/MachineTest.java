package io.ashlar.jmh.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTest {

  @Test
  void shouldTellTypeAndOptionsOfAMount() {
    assertThat(Machine.mounted("rw,relatime shared:1 - ext4 /dev/vda rw,discard"))
        .isEqualTo("ext4, mounted with rw,relatime,discard");
  }

  @Test
  void shouldDescribeWithoutThePlaceOfAnything(@TempDir Path folder) {
    assertThat(Machine.describe(folder))
        .anySatisfy(line -> assertThat(line).startsWith("kernel: "))
        .anySatisfy(line -> assertThat(line).startsWith("file system: "))
        .anySatisfy(line -> assertThat(line).startsWith("device: "))
        .noneSatisfy(line -> assertThat(line).contains(folder.toString()))
        .noneSatisfy(line -> assertThat(line).contains("/dev/"));
  }
}
