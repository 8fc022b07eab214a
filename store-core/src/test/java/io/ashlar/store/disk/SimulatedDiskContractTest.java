package io.ashlar.store.disk;

class SimulatedDiskContractTest extends DiskContractTest {
  @Override
  protected Disk open() {
    return new SimulatedDisk();
  }
}
