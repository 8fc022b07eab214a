package io.ashlar.tier.object;

class InMemoryObjectStoreTest extends ObjectStoreContractTest {
  @Override
  ObjectStore open() {
    return new InMemoryObjectStore();
  }
}
