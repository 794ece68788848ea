// What the C++ clients use of ONNX Runtime, declared as its own header declares it and defined nowhere: enough to check the
// syntax and types of a client where the real header is not installed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#define ORTCHAR_T char

struct OrtIoBinding;
struct OrtMemoryInfo;
struct OrtStatus;
struct OrtValue;

enum ONNXTensorElementDataType {
  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT = 1,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 = 16
};

enum OrtAllocatorType { OrtDeviceAllocator = 0, OrtArenaAllocator = 1 };
enum OrtMemType { OrtMemTypeDefault = 0 };

struct OrtApi {
  OrtStatus* (*BindOutputToDevice)(OrtIoBinding* binding, const char* name, const OrtMemoryInfo* memory);
};

namespace Ort {

const OrtApi& GetApi();
void ThrowOnError(OrtStatus* status);

struct Exception {};

struct Float16_t {
  std::uint16_t value;
};

struct BFloat16_t {
  std::uint16_t value;
};

struct Env {
  Env();
};

struct SessionOptions {
  SessionOptions();
  SessionOptions& SetIntraOpNumThreads(int count);
};

struct RunOptions {
  explicit RunOptions(std::nullptr_t);
};

struct MemoryInfo {
  MemoryInfo(const char* name, OrtAllocatorType type, int id, OrtMemType memory);
  MemoryInfo(MemoryInfo&&) = default;
  MemoryInfo& operator=(MemoryInfo&&) = default;
  static MemoryInfo CreateCpu(OrtAllocatorType type, OrtMemType memory);
  operator OrtMemoryInfo*();
  operator const OrtMemoryInfo*() const;
};

struct AllocatorWithDefaultOptions {
  struct OrtAllocator;
  AllocatorWithDefaultOptions();
  operator OrtAllocator*();
};

struct TensorTypeAndShapeInfo {
  std::size_t GetElementCount() const;
  ONNXTensorElementDataType GetElementType() const;
};

struct Value {
  explicit Value(std::nullptr_t);
  Value(Value&&) = default;
  Value& operator=(Value&&) = default;
  template <typename T>
  static Value CreateTensor(const OrtMemoryInfo* info, T* data, std::size_t count, const std::int64_t* shape,
                            std::size_t rank);
  static Value CreateTensor(AllocatorWithDefaultOptions::OrtAllocator* allocator, const std::int64_t* shape,
                            std::size_t rank, ONNXTensorElementDataType type);
  TensorTypeAndShapeInfo GetTensorTypeAndShapeInfo() const;
  template <typename T>
  T* GetTensorMutableData();
  template <typename T>
  const T* GetTensorData() const;

 private:
  std::unique_ptr<int> owned;
};

struct IoBinding;

struct Session {
  Session(Env& env, const ORTCHAR_T* path, const SessionOptions& options);
  void Run(const RunOptions& options, const IoBinding& binding);
};

struct IoBinding {
  explicit IoBinding(Session& session);
  void BindInput(const char* name, const Value& value);
  void BindOutput(const char* name, const Value& value);
  std::vector<Value> GetOutputValues() const;
  operator OrtIoBinding*();
};

}  // namespace Ort
