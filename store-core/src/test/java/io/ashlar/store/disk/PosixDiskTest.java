package io.ashlar.store.disk;

import io.ashlar.uring.NativeFile;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class PosixDiskTest extends DiskContractTest {
  @TempDir Path folder;

  @Override
  protected Disk open() {
    return new PosixDisk(
        DataFileHandle.open(folder.resolve("data"), NativeFile.Mode.CREATE, true), "test");
  }
}
