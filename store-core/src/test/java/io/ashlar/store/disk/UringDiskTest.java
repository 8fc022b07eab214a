package io.ashlar.store.disk;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.uring.NativeFile;
import io.ashlar.uring.UringSupport;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class UringDiskTest extends DiskContractTest {
  @TempDir Path folder;

  @Override
  protected Disk open() {
    assumeTrue(UringSupport.probe().available(), UringSupport.probe()::reason);
    return new UringDisk(
        DataFileHandle.open(folder.resolve("data"), NativeFile.Mode.CREATE, true), "test");
  }
}
