/**
 * Operators of ONNX's standard domain, from `onnx.defs.get_all_schemas_with_history()` of onnx 1.23.2
 * by scripts/generate-opset.py. A line is an operator: its name, then one field per version, newest last:
 * `since inputs outputs attributes`. Counts are `n` or `min-max` (`*`: no limit), `!` marks an attribute that must
 * be given, and `x` in place of the counts says that the operator is deprecated from that version on.
 */
export const NEWEST_OPSET = 28;

export const SCHEMAS = `
Abs|1 1 1 consumed_inputs|6 1 1|13 1 1
Acos|7 1 1|22 1 1
Acosh|9 1 1|22 1 1
Add|1 2 1 axis,broadcast,consumed_inputs|6 2 1 axis,broadcast|7 2 1|13 2 1|14 2 1
AffineGrid|20 2 1 align_corners
And|1 2 1 axis,broadcast|7 2 1
ArgMax|1 1 1 axis,keepdims|11 1 1 axis,keepdims|12 1 1 axis,keepdims,select_last_index|13 1 1 axis,keepdims,select_last_index
ArgMin|1 1 1 axis,keepdims|11 1 1 axis,keepdims|12 1 1 axis,keepdims,select_last_index|13 1 1 axis,keepdims,select_last_index
Asin|7 1 1|22 1 1
Asinh|9 1 1|22 1 1
Atan|7 1 1|22 1 1
Atanh|9 1 1|22 1 1
Attention|23 3-6 1-4 is_causal,kv_num_heads,q_num_heads,qk_matmul_output_mode,scale,softcap,softmax_precision|24 3-7 1-4 is_causal,kv_num_heads,q_num_heads,qk_matmul_output_mode,scale,softcap,softmax_precision|25 3-7 1-4 is_causal,kv_num_heads,left_window_size,q_num_heads,qk_matmul_output_mode,right_window_size,scale,softcap,softmax_precision
AveragePool|1 1 1 auto_pad,kernel_shape!,pads,strides|7 1 1 auto_pad,count_include_pad,kernel_shape!,pads,strides|10 1 1 auto_pad,ceil_mode,count_include_pad,kernel_shape!,pads,strides|11 1 1 auto_pad,ceil_mode,count_include_pad,kernel_shape!,pads,strides|19 1 1 auto_pad,ceil_mode,count_include_pad,dilations,kernel_shape!,pads,strides|22 1 1 auto_pad,ceil_mode,count_include_pad,dilations,kernel_shape!,pads,strides
BatchNormalization|1 5 1-5 consumed_inputs!,epsilon,is_test,momentum,spatial|6 5 1-5 epsilon,is_test,momentum,spatial|7 5 1-5 epsilon,momentum,spatial|9 5 1-5 epsilon,momentum|14 5 1-3 epsilon,momentum,training_mode|15 5 1-3 epsilon,momentum,training_mode
Bernoulli|15 1 1 dtype,seed|22 1 1 dtype,seed
BitCast|26 1 1 to!
BitShift|11 2 1 direction!|28 2 1 direction!
BitwiseAnd|18 2 1
BitwiseNot|18 1 1
BitwiseOr|18 2 1
BitwiseXor|18 2 1
BlackmanWindow|17 1 1 output_datatype,periodic
Cast|1 1 1 to!|6 1 1 to!|9 1 1 to!|13 1 1 to!|19 1 1 saturate,to!|21 1 1 saturate,to!|23 1 1 saturate,to!|24 1 1 round_mode,saturate,to!|25 1 1 round_mode,saturate,to!|28 1 1 round_mode,saturate,to!
CastLike|15 2 1|19 2 1 saturate|21 2 1 saturate|23 2 1 saturate|24 2 1 round_mode,saturate|25 2 1 round_mode,saturate
CausalConvWithState|27 2-4 2 activation
Ceil|1 1 1 consumed_inputs|6 1 1|13 1 1
Celu|12 1 1 alpha|28 1 1 alpha
CenterCropPad|18 2 1 axes
Clip|1 1 1 consumed_inputs,max,min|6 1 1 max,min|11 1-3 1|12 1-3 1|13 1-3 1
Col2Im|18 3 1 dilations,pads,strides
Compress|9 2 1 axis|11 2 1 axis|28 2 1 axis
Concat|1 1-* 1 axis|4 1-* 1 axis!|11 1-* 1 axis!|13 1-* 1 axis!
ConcatFromSequence|11 1 1 axis!,new_axis
Constant|1 0 1 value!|9 0 1 value!|11 0 1 sparse_value,value|12 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|13 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|19 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|21 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|23 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|24 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|25 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings
ConstantOfShape|9 1 1 value|20 1 1 value|21 1 1 value|23 1 1 value|24 1 1 value|25 1 1 value
Conv|1 2-3 1 auto_pad,dilations,group,kernel_shape,pads,strides|11 2-3 1 auto_pad,dilations,group,kernel_shape,pads,strides|22 2-3 1 auto_pad,dilations,group,kernel_shape,pads,strides
ConvInteger|10 2-4 1 auto_pad,dilations,group,kernel_shape,pads,strides
ConvTranspose|1 2-3 1 auto_pad,dilations,group,kernel_shape,output_padding,output_shape,pads,strides|11 2-3 1 auto_pad,dilations,group,kernel_shape,output_padding,output_shape,pads,strides|22 2-3 1 auto_pad,dilations,group,kernel_shape,output_padding,output_shape,pads,strides
Cos|7 1 1|22 1 1
Cosh|9 1 1|22 1 1
CumProd|26 2 1 exclusive,reverse
CumSum|11 2 1 exclusive,reverse|14 2 1 exclusive,reverse
DFT|17 1-2 1 axis,inverse,onesided|20 1-3 1 inverse,onesided
DeformConv|19 3-5 1 dilations,group,kernel_shape,offset_group,pads,strides|22 3-5 1 dilations,group,kernel_shape,offset_group,pads,strides
DepthToSpace|1 1 1 blocksize!|11 1 1 blocksize!,mode|13 1 1 blocksize!,mode|28 1 1 blocksize!,mode
DequantizeLinear|10 2-3 1|13 2-3 1 axis|19 2-3 1 axis|21 2-3 1 axis,block_size|23 2-3 1 axis,block_size,output_dtype|24 2-3 1 axis,block_size,output_dtype|25 2-3 1 axis,block_size,output_dtype|28 2-3 1 axis,block_size,output_dtype
Det|11 1 1|22 1 1
Div|1 2 1 axis,broadcast,consumed_inputs|6 2 1 axis,broadcast|7 2 1|13 2 1|14 2 1
Dropout|1 1 1-2 consumed_inputs,is_test,ratio|6 1 1-2 is_test,ratio|7 1 1-2 ratio|10 1 1-2 ratio|12 1-3 1-2 seed|13 1-3 1-2 seed|22 1-3 1-2 seed
DynamicQuantizeLinear|11 1 3
Einsum|12 1-* 1 equation!|28 1-* 1 equation!
Elu|1 1 1 alpha,consumed_inputs|6 1 1 alpha|22 1 1 alpha
Equal|1 2 1 axis,broadcast|7 2 1|11 2 1|13 2 1|19 2 1
Erf|9 1 1|13 1 1
Exp|1 1 1 consumed_inputs|6 1 1|13 1 1
Expand|8 2 1|13 2 1
EyeLike|9 1 1 dtype,k|22 1 1 dtype,k
Flatten|1 1 1 axis|9 1 1 axis|11 1 1 axis|13 1 1 axis|21 1 1 axis|23 1 1 axis|24 1 1 axis|25 1 1 axis
Floor|1 1 1 consumed_inputs|6 1 1|13 1 1
GRU|1 3-6 2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,output_sequence|3 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,linear_before_reset,output_sequence|7 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,linear_before_reset|14 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,layout,linear_before_reset|22 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,layout,linear_before_reset
Gather|1 2 1 axis|11 2 1 axis|13 2 1 axis
GatherElements|11 2 1 axis|13 2 1 axis
GatherND|11 2 1|12 2 1 batch_dims|13 2 1 batch_dims
Gelu|20 1 1 approximate
Gemm|1 3 1 alpha,beta,broadcast,transA,transB|6 3 1 alpha,beta,broadcast,transA,transB|7 3 1 alpha,beta,transA,transB|9 3 1 alpha,beta,transA,transB|11 2-3 1 alpha,beta,transA,transB|13 2-3 1 alpha,beta,transA,transB
GlobalAveragePool|1 1 1|22 1 1
GlobalLpPool|1 1 1 p|2 1 1 p|22 1 1 p
GlobalMaxPool|1 1 1|22 1 1
Greater|1 2 1 axis,broadcast|7 2 1|9 2 1|13 2 1
GreaterOrEqual|12 2 1|16 2 1
GridSample|16 2 1 align_corners,mode,padding_mode|20 2 1 align_corners,mode,padding_mode|22 2 1 align_corners,mode,padding_mode
GroupNormalization|18 x|21 3 1 epsilon,num_groups!,stash_type
HammingWindow|17 1 1 output_datatype,periodic
HannWindow|17 1 1 output_datatype,periodic
HardSigmoid|1 1 1 alpha,beta,consumed_inputs|6 1 1 alpha,beta|22 1 1 alpha,beta
HardSwish|14 1 1|22 1 1
Hardmax|1 1 1 axis|11 1 1 axis|13 1 1 axis
Identity|1 1 1|13 1 1|14 1 1|16 1 1|19 1 1|21 1 1|23 1 1|24 1 1|25 1 1
If|1 1 1-* else_branch!,then_branch!|11 1 1-* else_branch!,then_branch!|13 1 1-* else_branch!,then_branch!|16 1 1-* else_branch!,then_branch!|19 1 1-* else_branch!,then_branch!|21 1 1-* else_branch!,then_branch!|23 1 1-* else_branch!,then_branch!|24 1 1-* else_branch!,then_branch!|25 1 1-* else_branch!,then_branch!
ImageDecoder|20 1 1 pixel_format
InstanceNormalization|1 3 1 consumed_inputs,epsilon|6 3 1 epsilon|22 3 1 epsilon
IsInf|10 1 1 detect_negative,detect_positive|20 1 1 detect_negative,detect_positive
IsNaN|9 1 1|13 1 1|20 1 1
LRN|1 1 1 alpha,beta,bias,size!|13 1 1 alpha,beta,bias,size!
LSTM|1 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction,hidden_size,input_forget,output_sequence|7 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction,hidden_size,input_forget|14 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction,hidden_size,input_forget,layout|22 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction,hidden_size,input_forget,layout
LayerNormalization|17 2-3 1-3 axis,epsilon,stash_type
LeakyRelu|1 1 1 alpha,consumed_inputs|6 1 1 alpha|16 1 1 alpha
Less|1 2 1 axis,broadcast|7 2 1|9 2 1|13 2 1
LessOrEqual|12 2 1|16 2 1
LinearAttention|27 3-6 2 chunk_size,kv_num_heads!,q_num_heads!,scale,update_rule
Log|1 1 1 consumed_inputs|6 1 1|13 1 1
LogSoftmax|1 1 1 axis|11 1 1 axis|13 1 1 axis
Loop|1 3-* 1-* body!|11 2-* 1-* body!|13 2-* 1-* body!|16 2-* 1-* body!|19 2-* 1-* body!|21 2-* 1-* body!|23 2-* 1-* body!|24 2-* 1-* body!|25 2-* 1-* body!
LpNormalization|1 1 1 axis,p|22 1 1 axis,p
LpPool|1 1 1 auto_pad,kernel_shape,p,pads,strides|2 1 1 auto_pad,kernel_shape!,p,pads,strides|11 1 1 auto_pad,kernel_shape!,p,pads,strides|18 1 1 auto_pad,ceil_mode,dilations,kernel_shape!,p,pads,strides|22 1 1 auto_pad,ceil_mode,dilations,kernel_shape!,p,pads,strides
MatMul|1 2 1|9 2 1|13 2 1
MatMulInteger|10 2-4 1
Max|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|12 1-* 1|13 1-* 1
MaxPool|1 1 1 auto_pad,kernel_shape!,pads,strides|8 1 1-2 auto_pad,kernel_shape!,pads,storage_order,strides|10 1 1-2 auto_pad,ceil_mode,dilations,kernel_shape!,pads,storage_order,strides|11 1 1-2 auto_pad,ceil_mode,dilations,kernel_shape!,pads,storage_order,strides|12 1 1-2 auto_pad,ceil_mode,dilations,kernel_shape!,pads,storage_order,strides|22 1 1-2 auto_pad,ceil_mode,dilations,kernel_shape!,pads,storage_order,strides
MaxRoiPool|1 2 1 pooled_shape!,spatial_scale|22 2 1 pooled_shape!,spatial_scale
MaxUnpool|9 2-3 1 kernel_shape!,pads,strides|11 2-3 1 kernel_shape!,pads,strides|22 2-3 1 kernel_shape!,pads,strides
Mean|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|13 1-* 1
MeanVarianceNormalization|9 1 1 axes|13 1 1 axes
MelWeightMatrix|17 5 1 output_datatype
Min|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|12 1-* 1|13 1-* 1
Mish|18 1 1|22 1 1
Mod|10 2 1 fmod|13 2 1 fmod|28 2 1 fmod
Mul|1 2 1 axis,broadcast,consumed_inputs|6 2 1 axis,broadcast|7 2 1|13 2 1|14 2 1
Multinomial|7 1 1 dtype,sample_size,seed|22 1 1 dtype,sample_size,seed
Neg|1 1 1 consumed_inputs|6 1 1|13 1 1
NegativeLogLikelihoodLoss|12 2-3 1 ignore_index,reduction|13 2-3 1 ignore_index,reduction|22 2-3 1 ignore_index,reduction
NonMaxSuppression|10 2-5 1 center_point_box|11 2-5 1 center_point_box
NonZero|9 1 1|13 1 1
Not|1 1 1
OneHot|9 3 1 axis|11 3 1 axis|28 3 1 axis
Optional|15 0-1 1 type|28 0-1 1 type
OptionalGetElement|15 1 1|18 1 1|28 1 1
OptionalHasElement|15 1 1|18 0-1 1|28 0-1 1
Or|1 2 1 axis,broadcast|7 2 1
PRelu|1 2 1 consumed_inputs|6 2 1|7 2 1|9 2 1|16 2 1
Pad|1 1 1 mode,paddings!,value|2 1 1 mode,pads!,value|11 2-3 1 mode|13 2-3 1 mode|18 2-4 1 mode|19 2-4 1 mode|21 2-4 1 mode|23 2-4 1 mode|24 2-4 1 mode|25 2-4 1 mode
Pow|1 2 1 axis,broadcast|7 2 1|12 2 1|13 2 1|15 2 1
QLinearConv|10 8-9 1 auto_pad,dilations,group,kernel_shape,pads,strides
QLinearMatMul|10 8 1|21 8 1
QuantizeLinear|10 2-3 1|13 2-3 1 axis|19 2-3 1 axis,saturate|21 2-3 1 axis,block_size,output_dtype,saturate|23 2-3 1 axis,block_size,output_dtype,precision,saturate|24 2-3 1 axis,block_size,output_dtype,precision,saturate|25 2-3 1 axis,block_size,output_dtype,precision,saturate|28 2-3 1 axis,block_size,output_dtype,precision,saturate
RMSNormalization|23 2 1 axis,epsilon,stash_type
RNN|1 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,output_sequence|7 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size|14 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,layout|22 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction,hidden_size,layout
RandomNormal|1 0 1 dtype,mean,scale,seed,shape!|22 0 1 dtype,mean,scale,seed,shape!
RandomNormalLike|1 1 1 dtype,mean,scale,seed|22 1 1 dtype,mean,scale,seed
RandomUniform|1 0 1 dtype,high,low,seed,shape!|22 0 1 dtype,high,low,seed,shape!
RandomUniformLike|1 1 1 dtype,high,low,seed|22 1 1 dtype,high,low,seed
Range|11 3 1|27 3 1 stash_type
Reciprocal|1 1 1 consumed_inputs|6 1 1|13 1 1
ReduceL1|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes
ReduceL2|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes
ReduceLogSum|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes|28 1-2 1 keepdims,noop_with_empty_axes
ReduceLogSumExp|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes|28 1-2 1 keepdims,noop_with_empty_axes
ReduceMax|1 1 1 axes,keepdims|11 1 1 axes,keepdims|12 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes|20 1-2 1 keepdims,noop_with_empty_axes
ReduceMean|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes
ReduceMin|1 1 1 axes,keepdims|11 1 1 axes,keepdims|12 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes|20 1-2 1 keepdims,noop_with_empty_axes
ReduceProd|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes
ReduceSum|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1-2 1 keepdims,noop_with_empty_axes
ReduceSumSquare|1 1 1 axes,keepdims|11 1 1 axes,keepdims|13 1 1 axes,keepdims|18 1-2 1 keepdims,noop_with_empty_axes
RegexFullMatch|20 1 1 pattern
Relu|1 1 1 consumed_inputs|6 1 1|13 1 1|14 1 1
Reshape|1 1 1 consumed_inputs,shape|5 2 1|13 2 1|14 2 1 allowzero|19 2 1 allowzero|21 2 1 allowzero|23 2 1 allowzero|24 2 1 allowzero|25 2 1 allowzero
Resize|10 2 1 mode|11 3-4 1 coordinate_transformation_mode,cubic_coeff_a,exclude_outside,extrapolation_value,mode,nearest_mode|13 1-4 1 coordinate_transformation_mode,cubic_coeff_a,exclude_outside,extrapolation_value,mode,nearest_mode|18 1-4 1 antialias,axes,coordinate_transformation_mode,cubic_coeff_a,exclude_outside,extrapolation_value,keep_aspect_ratio_policy,mode,nearest_mode|19 1-4 1 antialias,axes,coordinate_transformation_mode,cubic_coeff_a,exclude_outside,extrapolation_value,keep_aspect_ratio_policy,mode,nearest_mode
ReverseSequence|10 2 1 batch_axis,time_axis|28 2 1 batch_axis,time_axis
RoiAlign|10 3 1 mode,output_height,output_width,sampling_ratio,spatial_scale|16 3 1 coordinate_transformation_mode,mode,output_height,output_width,sampling_ratio,spatial_scale|22 3 1 coordinate_transformation_mode,mode,output_height,output_width,sampling_ratio,spatial_scale
RotaryEmbedding|23 3-4 1 interleaved,num_heads,rotary_embedding_dim
Round|11 1 1|22 1 1
STFT|17 2-4 1 onesided
Scan|8 2-* 1-* body!,directions,num_scan_inputs!|9 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|11 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|16 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|19 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|21 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|23 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|24 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|25 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions
Scatter|9 3 1 axis|11 x
ScatterElements|11 3 1 axis|13 3 1 axis|16 3 1 axis,reduction|18 3 1 axis,reduction
ScatterND|11 3 1|13 3 1|16 3 1 reduction|18 3 1 reduction
Selu|1 1 1 alpha,consumed_inputs,gamma|6 1 1 alpha,gamma|22 1 1 alpha,gamma
SequenceAt|11 2 1
SequenceConstruct|11 1-* 1
SequenceEmpty|11 0 1 dtype
SequenceErase|11 1-2 1
SequenceInsert|11 2-3 1
SequenceLength|11 1 1
SequenceMap|17 1-* 1-* body!
Shape|1 1 1|13 1 1|15 1 1 end,start|19 1 1 end,start|21 1 1 end,start|23 1 1 end,start|24 1 1 end,start|25 1 1 end,start
Shrink|9 1 1 bias,lambd
Sigmoid|1 1 1 consumed_inputs|6 1 1|13 1 1
Sign|9 1 1|13 1 1
Sin|7 1 1|22 1 1
Sinh|9 1 1|22 1 1
Size|1 1 1|13 1 1|19 1 1|21 1 1|23 1 1|24 1 1|25 1 1
Slice|1 1 1 axes,ends!,starts!|10 3-5 1|11 3-5 1|13 3-5 1
Softmax|1 1 1 axis|11 1 1 axis|13 1 1 axis
SoftmaxCrossEntropyLoss|12 2-3 1-2 ignore_index,reduction|13 2-3 1-2 ignore_index,reduction
Softplus|1 1 1|22 1 1
Softsign|1 1 1|22 1 1
SpaceToDepth|1 1 1 blocksize!|13 1 1 blocksize!|28 1 1 blocksize!,mode
Split|1 1-2 1-* axis,split|2 1 1-* axis,split|11 1 1-* axis,split|13 1-2 1-* axis|18 1-2 1-* axis,num_outputs
SplitToSequence|11 1-2 1 axis,keepdims|24 1-2 1 axis,keepdims
Sqrt|1 1 1 consumed_inputs|6 1 1|13 1 1
Squeeze|1 1 1 axes|11 1 1 axes|13 1-2 1|21 1-2 1|23 1-2 1|24 1-2 1|25 1-2 1
StringConcat|20 2 1
StringNormalizer|10 1 1 case_change_action,is_case_sensitive,locale,stopwords
StringSplit|20 1 2 delimiter,maxsplit
Sub|1 2 1 axis,broadcast,consumed_inputs|6 2 1 axis,broadcast|7 2 1|13 2 1|14 2 1
Sum|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|13 1-* 1
SwiGLU|28 2 1 alpha
Swish|24 1 1 alpha
Tan|7 1 1|22 1 1
Tanh|1 1 1 consumed_inputs|6 1 1|13 1 1
TensorScatter|24 2-3 1 axis,mode
TfIdfVectorizer|9 1 1 max_gram_length!,max_skip_count!,min_gram_length!,mode!,ngram_counts!,ngram_indexes!,pool_int64s,pool_strings,weights
ThresholdedRelu|10 1 1 alpha|22 1 1 alpha
Tile|1 3 1|6 2 1|13 2 1
TopK|1 1 2 axis,k!|10 2 2 axis|11 2 2 axis,largest,sorted|24 2 2 axis,largest,sorted
Transpose|1 1 1 perm|13 1 1 perm|21 1 1 perm|23 1 1 perm|24 1 1 perm|25 1 1 perm
Trilu|14 1-2 1 upper
Unique|11 1 1-4 axis,sorted|28 1 1-4 axis,sorted
Unsqueeze|1 1 1 axes!|11 1 1 axes!|13 2 1|21 2 1|23 2 1|24 2 1|25 2 1
Upsample|1 1 1 height_scale!,mode,width_scale!|7 1 1 mode,scales!|9 2 1 mode|10 x
Where|9 3 1|16 3 1
Xor|1 2 1 axis,broadcast|7 2 1
`;
