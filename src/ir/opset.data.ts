/**
 * Operators of ONNX's standard domain, from `onnx.defs.get_all_schemas_with_history()` of onnx 1.23.2
 * by scripts/generate-opset.py. A line is an operator: its name, then one field per version, newest last:
 * `since inputs outputs attributes`. Counts are `n` or `min-max` (`*`: no limit), `!` marks an attribute that must
 * be given, `=` comes before what one that is left out counts as (a whole number, a float with a point or an exponent, or
 * text), and `x` in place of the counts says that the operator is deprecated from that version on.
 */
export const NEWEST_OPSET = 28;

export const SCHEMAS = `
Abs|1 1 1 consumed_inputs|6 1 1|13 1 1
Acos|7 1 1|22 1 1
Acosh|9 1 1|22 1 1
Add|1 2 1 axis,broadcast=0,consumed_inputs|6 2 1 axis,broadcast=0|7 2 1|13 2 1|14 2 1
AffineGrid|20 2 1 align_corners=0
And|1 2 1 axis,broadcast=0|7 2 1
ArgMax|1 1 1 axis=0,keepdims=1|11 1 1 axis=0,keepdims=1|12 1 1 axis=0,keepdims=1,select_last_index=0|13 1 1 axis=0,keepdims=1,select_last_index=0
ArgMin|1 1 1 axis=0,keepdims=1|11 1 1 axis=0,keepdims=1|12 1 1 axis=0,keepdims=1,select_last_index=0|13 1 1 axis=0,keepdims=1,select_last_index=0
Asin|7 1 1|22 1 1
Asinh|9 1 1|22 1 1
Atan|7 1 1|22 1 1
Atanh|9 1 1|22 1 1
Attention|23 3-6 1-4 is_causal=0,kv_num_heads,q_num_heads,qk_matmul_output_mode=0,scale,softcap=0.0,softmax_precision|24 3-7 1-4 is_causal=0,kv_num_heads,q_num_heads,qk_matmul_output_mode=0,scale,softcap=0.0,softmax_precision|25 3-7 1-4 is_causal=0,kv_num_heads,left_window_size=-1,q_num_heads,qk_matmul_output_mode=0,right_window_size=-1,scale,softcap=0.0,softmax_precision
AveragePool|1 1 1 auto_pad=NOTSET,kernel_shape!,pads,strides|7 1 1 auto_pad=NOTSET,count_include_pad=0,kernel_shape!,pads,strides|10 1 1 auto_pad=NOTSET,ceil_mode=0,count_include_pad=0,kernel_shape!,pads,strides|11 1 1 auto_pad=NOTSET,ceil_mode=0,count_include_pad=0,kernel_shape!,pads,strides|19 1 1 auto_pad=NOTSET,ceil_mode=0,count_include_pad=0,dilations,kernel_shape!,pads,strides|22 1 1 auto_pad=NOTSET,ceil_mode=0,count_include_pad=0,dilations,kernel_shape!,pads,strides
BatchNormalization|1 5 1-5 consumed_inputs!,epsilon=1e-05,is_test=0,momentum=0.9,spatial=1|6 5 1-5 epsilon=1e-05,is_test=0,momentum=0.9,spatial=1|7 5 1-5 epsilon=1e-05,momentum=0.9,spatial=1|9 5 1-5 epsilon=1e-05,momentum=0.9|14 5 1-3 epsilon=1e-05,momentum=0.9,training_mode=0|15 5 1-3 epsilon=1e-05,momentum=0.9,training_mode=0
Bernoulli|15 1 1 dtype,seed|22 1 1 dtype,seed
BitCast|26 1 1 to!
BitShift|11 2 1 direction!|28 2 1 direction!
BitwiseAnd|18 2 1
BitwiseNot|18 1 1
BitwiseOr|18 2 1
BitwiseXor|18 2 1
BlackmanWindow|17 1 1 output_datatype=1,periodic=1
Cast|1 1 1 to!|6 1 1 to!|9 1 1 to!|13 1 1 to!|19 1 1 saturate=1,to!|21 1 1 saturate=1,to!|23 1 1 saturate=1,to!|24 1 1 round_mode=up,saturate=1,to!|25 1 1 round_mode=up,saturate=1,to!|28 1 1 round_mode=up,saturate=1,to!
CastLike|15 2 1|19 2 1 saturate=1|21 2 1 saturate=1|23 2 1 saturate=1|24 2 1 round_mode=up,saturate=1|25 2 1 round_mode=up,saturate=1
CausalConvWithState|27 2-4 2 activation=none
Ceil|1 1 1 consumed_inputs|6 1 1|13 1 1
Celu|12 1 1 alpha=1.0|28 1 1 alpha=1.0
CenterCropPad|18 2 1 axes
Clip|1 1 1 consumed_inputs,max,min|6 1 1 max=3.4028235e+38,min=-3.4028235e+38|11 1-3 1|12 1-3 1|13 1-3 1
Col2Im|18 3 1 dilations,pads,strides
Compress|9 2 1 axis|11 2 1 axis|28 2 1 axis
Concat|1 1-* 1 axis|4 1-* 1 axis!|11 1-* 1 axis!|13 1-* 1 axis!
ConcatFromSequence|11 1 1 axis!,new_axis=0
Constant|1 0 1 value!|9 0 1 value!|11 0 1 sparse_value,value|12 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|13 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|19 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|21 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|23 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|24 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings|25 0 1 sparse_value,value,value_float,value_floats,value_int,value_ints,value_string,value_strings
ConstantOfShape|9 1 1 value|20 1 1 value|21 1 1 value|23 1 1 value|24 1 1 value|25 1 1 value
Conv|1 2-3 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,pads,strides|11 2-3 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,pads,strides|22 2-3 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,pads,strides
ConvInteger|10 2-4 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,pads,strides
ConvTranspose|1 2-3 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,output_padding,output_shape,pads,strides|11 2-3 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,output_padding,output_shape,pads,strides|22 2-3 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,output_padding,output_shape,pads,strides
Cos|7 1 1|22 1 1
Cosh|9 1 1|22 1 1
CumProd|26 2 1 exclusive=0,reverse=0
CumSum|11 2 1 exclusive=0,reverse=0|14 2 1 exclusive=0,reverse=0
DFT|17 1-2 1 axis=1,inverse=0,onesided=0|20 1-3 1 inverse=0,onesided=0
DeformConv|19 3-5 1 dilations,group=1,kernel_shape,offset_group=1,pads,strides|22 3-5 1 dilations,group=1,kernel_shape,offset_group=1,pads,strides
DepthToSpace|1 1 1 blocksize!|11 1 1 blocksize!,mode=DCR|13 1 1 blocksize!,mode=DCR|28 1 1 blocksize!,mode=DCR
DequantizeLinear|10 2-3 1|13 2-3 1 axis=1|19 2-3 1 axis=1|21 2-3 1 axis=1,block_size=0|23 2-3 1 axis=1,block_size=0,output_dtype=0|24 2-3 1 axis=1,block_size=0,output_dtype=0|25 2-3 1 axis=1,block_size=0,output_dtype=0|28 2-3 1 axis=1,block_size=0,output_dtype=0
Det|11 1 1|22 1 1
Div|1 2 1 axis,broadcast=0,consumed_inputs|6 2 1 axis,broadcast=0|7 2 1|13 2 1|14 2 1
Dropout|1 1 1-2 consumed_inputs,is_test=0,ratio=0.5|6 1 1-2 is_test=0,ratio=0.5|7 1 1-2 ratio=0.5|10 1 1-2 ratio=0.5|12 1-3 1-2 seed|13 1-3 1-2 seed|22 1-3 1-2 seed
DynamicQuantizeLinear|11 1 3
Einsum|12 1-* 1 equation!|28 1-* 1 equation!
Elu|1 1 1 alpha=1.0,consumed_inputs|6 1 1 alpha=1.0|22 1 1 alpha=1.0
Equal|1 2 1 axis,broadcast=0|7 2 1|11 2 1|13 2 1|19 2 1
Erf|9 1 1|13 1 1
Exp|1 1 1 consumed_inputs|6 1 1|13 1 1
Expand|8 2 1|13 2 1
EyeLike|9 1 1 dtype,k=0|22 1 1 dtype,k=0
Flatten|1 1 1 axis=1|9 1 1 axis=1|11 1 1 axis=1|13 1 1 axis=1|21 1 1 axis=1|23 1 1 axis=1|24 1 1 axis=1|25 1 1 axis=1
Floor|1 1 1 consumed_inputs|6 1 1|13 1 1
GRU|1 3-6 2 activation_alpha,activation_beta,activations,clip,direction=foward,hidden_size,output_sequence=0|3 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,linear_before_reset=0,output_sequence=0|7 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,linear_before_reset=0|14 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,layout=0,linear_before_reset=0|22 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,layout=0,linear_before_reset=0
Gather|1 2 1 axis=0|11 2 1 axis=0|13 2 1 axis=0
GatherElements|11 2 1 axis=0|13 2 1 axis=0
GatherND|11 2 1|12 2 1 batch_dims=0|13 2 1 batch_dims=0
Gelu|20 1 1 approximate=none
Gemm|1 3 1 alpha=1.0,beta=1.0,broadcast=0,transA=0,transB=0|6 3 1 alpha=1.0,beta=1.0,broadcast=0,transA=0,transB=0|7 3 1 alpha=1.0,beta=1.0,transA=0,transB=0|9 3 1 alpha=1.0,beta=1.0,transA=0,transB=0|11 2-3 1 alpha=1.0,beta=1.0,transA=0,transB=0|13 2-3 1 alpha=1.0,beta=1.0,transA=0,transB=0
GlobalAveragePool|1 1 1|22 1 1
GlobalLpPool|1 1 1 p=2.0|2 1 1 p=2|22 1 1 p=2
GlobalMaxPool|1 1 1|22 1 1
Greater|1 2 1 axis,broadcast=0|7 2 1|9 2 1|13 2 1
GreaterOrEqual|12 2 1|16 2 1
GridSample|16 2 1 align_corners=0,mode=bilinear,padding_mode=zeros|20 2 1 align_corners=0,mode=linear,padding_mode=zeros|22 2 1 align_corners=0,mode=linear,padding_mode=zeros
GroupNormalization|18 x|21 3 1 epsilon=1e-05,num_groups!,stash_type=1
HammingWindow|17 1 1 output_datatype=1,periodic=1
HannWindow|17 1 1 output_datatype=1,periodic=1
HardSigmoid|1 1 1 alpha=0.2,beta=0.5,consumed_inputs|6 1 1 alpha=0.2,beta=0.5|22 1 1 alpha=0.2,beta=0.5
HardSwish|14 1 1|22 1 1
Hardmax|1 1 1 axis=1|11 1 1 axis=1|13 1 1 axis=-1
Identity|1 1 1|13 1 1|14 1 1|16 1 1|19 1 1|21 1 1|23 1 1|24 1 1|25 1 1
If|1 1 1-* else_branch!,then_branch!|11 1 1-* else_branch!,then_branch!|13 1 1-* else_branch!,then_branch!|16 1 1-* else_branch!,then_branch!|19 1 1-* else_branch!,then_branch!|21 1 1-* else_branch!,then_branch!|23 1 1-* else_branch!,then_branch!|24 1 1-* else_branch!,then_branch!|25 1 1-* else_branch!,then_branch!
ImageDecoder|20 1 1 pixel_format=RGB
InstanceNormalization|1 3 1 consumed_inputs,epsilon=1e-05|6 3 1 epsilon=1e-05|22 3 1 epsilon=1e-05
IsInf|10 1 1 detect_negative=1,detect_positive=1|20 1 1 detect_negative=1,detect_positive=1
IsNaN|9 1 1|13 1 1|20 1 1
LRN|1 1 1 alpha=1e-04,beta=0.75,bias=1.0,size!|13 1 1 alpha=1e-04,beta=0.75,bias=1.0,size!
LSTM|1 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,input_forget=0,output_sequence=0|7 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,input_forget=0|14 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,input_forget=0,layout=0|22 3-8 0-3 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,input_forget=0,layout=0
LayerNormalization|17 2-3 1-3 axis=-1,epsilon=1e-05,stash_type=1
LeakyRelu|1 1 1 alpha=0.01,consumed_inputs|6 1 1 alpha=0.01|16 1 1 alpha=0.01
Less|1 2 1 axis,broadcast=0|7 2 1|9 2 1|13 2 1
LessOrEqual|12 2 1|16 2 1
LinearAttention|27 3-6 2 chunk_size=64,kv_num_heads!,q_num_heads!,scale=0.0,update_rule=gated_delta
Log|1 1 1 consumed_inputs|6 1 1|13 1 1
LogSoftmax|1 1 1 axis=1|11 1 1 axis=1|13 1 1 axis=-1
Loop|1 3-* 1-* body!|11 2-* 1-* body!|13 2-* 1-* body!|16 2-* 1-* body!|19 2-* 1-* body!|21 2-* 1-* body!|23 2-* 1-* body!|24 2-* 1-* body!|25 2-* 1-* body!
LpNormalization|1 1 1 axis=-1,p=2|22 1 1 axis=-1,p=2
LpPool|1 1 1 auto_pad=NOTSET,kernel_shape,p=2.0,pads,strides|2 1 1 auto_pad=NOTSET,kernel_shape!,p=2,pads,strides|11 1 1 auto_pad=NOTSET,kernel_shape!,p=2,pads,strides|18 1 1 auto_pad=NOTSET,ceil_mode=0,dilations,kernel_shape!,p=2,pads,strides|22 1 1 auto_pad=NOTSET,ceil_mode=0,dilations,kernel_shape!,p=2,pads,strides
MatMul|1 2 1|9 2 1|13 2 1
MatMulInteger|10 2-4 1
Max|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|12 1-* 1|13 1-* 1
MaxPool|1 1 1 auto_pad=NOTSET,kernel_shape!,pads,strides|8 1 1-2 auto_pad=NOTSET,kernel_shape!,pads,storage_order=0,strides|10 1 1-2 auto_pad=NOTSET,ceil_mode=0,dilations,kernel_shape!,pads,storage_order=0,strides|11 1 1-2 auto_pad=NOTSET,ceil_mode=0,dilations,kernel_shape!,pads,storage_order=0,strides|12 1 1-2 auto_pad=NOTSET,ceil_mode=0,dilations,kernel_shape!,pads,storage_order=0,strides|22 1 1-2 auto_pad=NOTSET,ceil_mode=0,dilations,kernel_shape!,pads,storage_order=0,strides
MaxRoiPool|1 2 1 pooled_shape!,spatial_scale=1.0|22 2 1 pooled_shape!,spatial_scale=1.0
MaxUnpool|9 2-3 1 kernel_shape!,pads,strides|11 2-3 1 kernel_shape!,pads,strides|22 2-3 1 kernel_shape!,pads,strides
Mean|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|13 1-* 1
MeanVarianceNormalization|9 1 1 axes|13 1 1 axes
MelWeightMatrix|17 5 1 output_datatype=1
Min|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|12 1-* 1|13 1-* 1
Mish|18 1 1|22 1 1
Mod|10 2 1 fmod=0|13 2 1 fmod=0|28 2 1 fmod=0
Mul|1 2 1 axis,broadcast=0,consumed_inputs|6 2 1 axis,broadcast=0|7 2 1|13 2 1|14 2 1
Multinomial|7 1 1 dtype=6,sample_size=1,seed|22 1 1 dtype=6,sample_size=1,seed
Neg|1 1 1 consumed_inputs|6 1 1|13 1 1
NegativeLogLikelihoodLoss|12 2-3 1 ignore_index,reduction=mean|13 2-3 1 ignore_index,reduction=mean|22 2-3 1 ignore_index,reduction=mean
NonMaxSuppression|10 2-5 1 center_point_box=0|11 2-5 1 center_point_box=0
NonZero|9 1 1|13 1 1
Not|1 1 1
OneHot|9 3 1 axis=-1|11 3 1 axis=-1|28 3 1 axis=-1
Optional|15 0-1 1 type|28 0-1 1 type
OptionalGetElement|15 1 1|18 1 1|28 1 1
OptionalHasElement|15 1 1|18 0-1 1|28 0-1 1
Or|1 2 1 axis,broadcast=0|7 2 1
PRelu|1 2 1 consumed_inputs|6 2 1|7 2 1|9 2 1|16 2 1
Pad|1 1 1 mode=constant,paddings!,value=0.0|2 1 1 mode=constant,pads!,value=0.0|11 2-3 1 mode=constant|13 2-3 1 mode=constant|18 2-4 1 mode=constant|19 2-4 1 mode=constant|21 2-4 1 mode=constant|23 2-4 1 mode=constant|24 2-4 1 mode=constant|25 2-4 1 mode=constant
Pow|1 2 1 axis,broadcast=0|7 2 1|12 2 1|13 2 1|15 2 1
QLinearConv|10 8-9 1 auto_pad=NOTSET,dilations,group=1,kernel_shape,pads,strides
QLinearMatMul|10 8 1|21 8 1
QuantizeLinear|10 2-3 1|13 2-3 1 axis=1|19 2-3 1 axis=1,saturate=1|21 2-3 1 axis=1,block_size=0,output_dtype=0,saturate=1|23 2-3 1 axis=1,block_size=0,output_dtype=0,precision=0,saturate=1|24 2-3 1 axis=1,block_size=0,output_dtype=0,precision=0,saturate=1|25 2-3 1 axis=1,block_size=0,output_dtype=0,precision=0,saturate=1|28 2-3 1 axis=1,block_size=0,output_dtype=0,precision=0,saturate=1
RMSNormalization|23 2 1 axis=-1,epsilon=1e-05,stash_type=1
RNN|1 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,output_sequence=0|7 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size|14 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,layout=0|22 3-6 0-2 activation_alpha,activation_beta,activations,clip,direction=forward,hidden_size,layout=0
RandomNormal|1 0 1 dtype=1,mean=0.0,scale=1.0,seed,shape!|22 0 1 dtype=1,mean=0.0,scale=1.0,seed,shape!
RandomNormalLike|1 1 1 dtype,mean=0.0,scale=1.0,seed|22 1 1 dtype,mean=0.0,scale=1.0,seed
RandomUniform|1 0 1 dtype=1,high=1.0,low=0.0,seed,shape!|22 0 1 dtype=1,high=1.0,low=0.0,seed,shape!
RandomUniformLike|1 1 1 dtype,high=1.0,low=0.0,seed|22 1 1 dtype,high=1.0,low=0.0,seed
Range|11 3 1|27 3 1 stash_type=1
Reciprocal|1 1 1 consumed_inputs|6 1 1|13 1 1
ReduceL1|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceL2|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceLogSum|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0|28 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceLogSumExp|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0|28 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceMax|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|12 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0|20 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceMean|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceMin|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|12 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0|20 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceProd|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceSum|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1-2 1 keepdims=1,noop_with_empty_axes=0
ReduceSumSquare|1 1 1 axes,keepdims=1|11 1 1 axes,keepdims=1|13 1 1 axes,keepdims=1|18 1-2 1 keepdims=1,noop_with_empty_axes=0
RegexFullMatch|20 1 1 pattern
Relu|1 1 1 consumed_inputs|6 1 1|13 1 1|14 1 1
Reshape|1 1 1 consumed_inputs,shape|5 2 1|13 2 1|14 2 1 allowzero=0|19 2 1 allowzero=0|21 2 1 allowzero=0|23 2 1 allowzero=0|24 2 1 allowzero=0|25 2 1 allowzero=0
Resize|10 2 1 mode=nearest|11 3-4 1 coordinate_transformation_mode=half_pixel,cubic_coeff_a=-0.75,exclude_outside=0,extrapolation_value=0.0,mode=nearest,nearest_mode=round_prefer_floor|13 1-4 1 coordinate_transformation_mode=half_pixel,cubic_coeff_a=-0.75,exclude_outside=0,extrapolation_value=0.0,mode=nearest,nearest_mode=round_prefer_floor|18 1-4 1 antialias=0,axes,coordinate_transformation_mode=half_pixel,cubic_coeff_a=-0.75,exclude_outside=0,extrapolation_value=0.0,keep_aspect_ratio_policy=stretch,mode=nearest,nearest_mode=round_prefer_floor|19 1-4 1 antialias=0,axes,coordinate_transformation_mode=half_pixel,cubic_coeff_a=-0.75,exclude_outside=0,extrapolation_value=0.0,keep_aspect_ratio_policy=stretch,mode=nearest,nearest_mode=round_prefer_floor
ReverseSequence|10 2 1 batch_axis=1,time_axis=0|28 2 1 batch_axis=1,time_axis=0
RoiAlign|10 3 1 mode=avg,output_height=1,output_width=1,sampling_ratio=0,spatial_scale=1.0|16 3 1 coordinate_transformation_mode=half_pixel,mode=avg,output_height=1,output_width=1,sampling_ratio=0,spatial_scale=1.0|22 3 1 coordinate_transformation_mode=half_pixel,mode=avg,output_height=1,output_width=1,sampling_ratio=0,spatial_scale=1.0
RotaryEmbedding|23 3-4 1 interleaved=0,num_heads,rotary_embedding_dim=0
Round|11 1 1|22 1 1
STFT|17 2-4 1 onesided=1
Scan|8 2-* 1-* body!,directions,num_scan_inputs!|9 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|11 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|16 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|19 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|21 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|23 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|24 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions|25 1-* 1-* body!,num_scan_inputs!,scan_input_axes,scan_input_directions,scan_output_axes,scan_output_directions
Scatter|9 3 1 axis=0|11 x
ScatterElements|11 3 1 axis=0|13 3 1 axis=0|16 3 1 axis=0,reduction=none|18 3 1 axis=0,reduction=none
ScatterND|11 3 1|13 3 1|16 3 1 reduction=none|18 3 1 reduction=none
Selu|1 1 1 alpha=1.6732,consumed_inputs,gamma=1.0507|6 1 1 alpha=1.6732632,gamma=1.050701|22 1 1 alpha=1.6732632,gamma=1.050701
SequenceAt|11 2 1
SequenceConstruct|11 1-* 1
SequenceEmpty|11 0 1 dtype
SequenceErase|11 1-2 1
SequenceInsert|11 2-3 1
SequenceLength|11 1 1
SequenceMap|17 1-* 1-* body!
Shape|1 1 1|13 1 1|15 1 1 end,start=0|19 1 1 end,start=0|21 1 1 end,start=0|23 1 1 end,start=0|24 1 1 end,start=0|25 1 1 end,start=0
Shrink|9 1 1 bias=0.0,lambd=0.5
Sigmoid|1 1 1 consumed_inputs|6 1 1|13 1 1
Sign|9 1 1|13 1 1
Sin|7 1 1|22 1 1
Sinh|9 1 1|22 1 1
Size|1 1 1|13 1 1|19 1 1|21 1 1|23 1 1|24 1 1|25 1 1
Slice|1 1 1 axes,ends!,starts!|10 3-5 1|11 3-5 1|13 3-5 1
Softmax|1 1 1 axis=1|11 1 1 axis=1|13 1 1 axis=-1
SoftmaxCrossEntropyLoss|12 2-3 1-2 ignore_index,reduction=mean|13 2-3 1-2 ignore_index,reduction=mean
Softplus|1 1 1|22 1 1
Softsign|1 1 1|22 1 1
SpaceToDepth|1 1 1 blocksize!|13 1 1 blocksize!|28 1 1 blocksize!,mode=DCR
Split|1 1-2 1-* axis,split|2 1 1-* axis=0,split|11 1 1-* axis=0,split|13 1-2 1-* axis=0|18 1-2 1-* axis=0,num_outputs
SplitToSequence|11 1-2 1 axis=0,keepdims=1|24 1-2 1 axis=0,keepdims=1
Sqrt|1 1 1 consumed_inputs|6 1 1|13 1 1
Squeeze|1 1 1 axes|11 1 1 axes|13 1-2 1|21 1-2 1|23 1-2 1|24 1-2 1|25 1-2 1
StringConcat|20 2 1
StringNormalizer|10 1 1 case_change_action=NONE,is_case_sensitive=0,locale,stopwords
StringSplit|20 1 2 delimiter,maxsplit
Sub|1 2 1 axis,broadcast=0,consumed_inputs|6 2 1 axis,broadcast=0|7 2 1|13 2 1|14 2 1
Sum|1 1-* 1 consumed_inputs|6 1-* 1|8 1-* 1|13 1-* 1
SwiGLU|28 2 1 alpha=1.0
Swish|24 1 1 alpha=1.0
Tan|7 1 1|22 1 1
Tanh|1 1 1 consumed_inputs|6 1 1|13 1 1
TensorScatter|24 2-3 1 axis=-2,mode=linear
TfIdfVectorizer|9 1 1 max_gram_length!,max_skip_count!,min_gram_length!,mode!,ngram_counts!,ngram_indexes!,pool_int64s,pool_strings,weights
ThresholdedRelu|10 1 1 alpha=1.0|22 1 1 alpha=1.0
Tile|1 3 1|6 2 1|13 2 1
TopK|1 1 2 axis=-1,k!|10 2 2 axis=-1|11 2 2 axis=-1,largest=1,sorted=1|24 2 2 axis=-1,largest=1,sorted=1
Transpose|1 1 1 perm|13 1 1 perm|21 1 1 perm|23 1 1 perm|24 1 1 perm|25 1 1 perm
Trilu|14 1-2 1 upper=1
Unique|11 1 1-4 axis,sorted=1|28 1 1-4 axis,sorted=1
Unsqueeze|1 1 1 axes!|11 1 1 axes!|13 2 1|21 2 1|23 2 1|24 2 1|25 2 1
Upsample|1 1 1 height_scale!,mode=nearest,width_scale!|7 1 1 mode=nearest,scales!|9 2 1 mode=nearest|10 x
Where|9 3 1|16 3 1
Xor|1 2 1 axis,broadcast=0|7 2 1
`;
