package io.ashlar.tier.object;

class InMemoryObjectStoreTest extends ObjectStoreContractTest {
  @Override
  protected ObjectStore open() {
    return new InMemoryObjectStore();
  }
}
